// The pages that were looked at longest, with Spark's own client for the JVM.
import org.apache.spark.sql.connect.SparkSession
import org.apache.spark.sql.functions.{desc, sum}

object Pages {
  def main(arguments: Array[String]): Unit = {
    // Where it goes is in SPARK_REMOTE.
    val spark = SparkSession.builder().getOrCreate()
    val clicks = spark.sql(
      "VALUES ('start', 4), ('start', 9), ('prices', 31), ('prices', 12), ('contact', 7) AS (page, seconds)"
    )
    val pages = clicks.groupBy("page").agg(sum("seconds").as("seconds")).orderBy(desc("seconds"))
    pages.collect().foreach(row => println(s"${row.getString(0)} ${row.getLong(1)}"))
    spark.close()
  }
}
