"""The pages that were viewed longest, with the pandas API on the session at SPARK_REMOTE."""

import pyspark.pandas as ps


def main() -> None:
    """Print a page a line, the longest first."""
    clicks = ps.DataFrame(
        {
            "page": ["start", "start", "prices", "prices", "contact"],
            "seconds": [4, 9, 31, 12, 7],
        }
    )
    pages = clicks.groupby("page")["seconds"].sum().sort_values(ascending=False)
    print(pages.to_string())


if __name__ == "__main__":
    main()
