"""``%%sparksql``: the cell is one SQL statement, and ``:name`` in it a variable of the notebook."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from traitlets import Int

from .._connect.default_session import default_session
from .errors import shown_as_messages
from .parameters import parameters
from .rows import Rows

_CONNECT = 'spark = emr_session.connect("SESSION") first.'


@magics_class
class SparkSql(Magics):
    """The magic, and its settings: ``%config SparkSql.limit = 50``."""

    limit = Int(20, min=0, config=True, help="How many rows are shown; 0 shows none.")

    @magic_arguments()
    @argument("name", nargs="?", help="The variable that gets the result, as a DataFrame.")
    @argument("-l", "--limit", type=int, help="How many rows to show; 0 shows none.")
    @argument("-s", "--spark", metavar="VARIABLE", help="The SparkSession (default: spark).")
    @cell_magic
    def sparksql(self, line: str, cell: str) -> Rows | None:
        """Run the cell as a SQL statement, and show its rows.

        ``:name`` stands for the value of the variable of that name. It is sent beside the
        statement and never becomes a part of its text: ``WHERE page = :page``, or
        ``FROM IDENTIFIER(:table)`` for a name.
        """
        options = parse_argstring(self.sparksql, line)
        if options.name and not options.name.isidentifier():
            raise UsageError(f"{options.name} is not a variable name.")
        spark = self._spark(options.spark)
        values = self._values(cell)
        limit = self.limit if options.limit is None else max(0, options.limit)
        with shown_as_messages():
            return self._run(spark, cell, values, options.name, limit)

    def _run(
        self, spark: Any, sql: str, values: dict[str, Any], name: str | None, limit: int
    ) -> Rows | None:
        from pyspark.errors import AnalysisException

        try:
            result = spark.sql(sql, args=values)
            # Spark looks at a value that it can't bind when it is asked for the columns.
            columns = result.columns
        except AnalysisException as error:
            refused = _refused_value(error)
            if refused not in values:
                raise
            raise _cant_be_bound(refused, values[refused]) from None
        if name:
            self._variables[name] = result
        # A command (CREATE, SET of a variable) has no columns.
        if not limit or not columns:
            return None
        return Rows(columns, result.take(limit + 1), limit)

    @property
    def _variables(self) -> dict[str, Any]:
        """The notebook's."""
        shell: Any = self.shell
        variables: dict[str, Any] = shell.user_ns
        return variables

    def _spark(self, name: str | None) -> Any:
        variables = self._variables
        if name and name not in variables:
            raise UsageError(f"There is no variable {name}.")
        spark = variables.get(name or "spark") or default_session()
        if not hasattr(spark, "sql"):
            raise UsageError(f"Not connected: {_CONNECT}")
        if getattr(spark, "is_stopped", False):
            raise UsageError(f"{name or 'spark'} is stopped: {_CONNECT}")
        return spark

    def _values(self, sql: str) -> dict[str, Any]:
        from pyspark.sql.connect.functions import lit

        variables = self._variables
        values = {}
        for name in parameters(sql):
            if name not in variables:
                raise UsageError(f"Set the variable {name} first: the statement has :{name}.")
            value = variables[name]
            try:
                lit(value)
            except Exception:  # noqa: BLE001 - pandas and NumPy have errors of their own
                raise _cant_be_bound(name, value) from None
            if isinstance(value, list) and any(one is None for one in value):
                raise _cant_be_bound(name, value)
            values[name] = value
        return values


def _refused_value(error: Any) -> str:
    """The name of the value that the server takes for none, if that is the error."""
    parameters = error.getMessageParameters() or {}
    return str(parameters.get("name", "")) if "[INVALID_SQL_ARG]" in str(error) else ""


def _cant_be_bound(name: str, value: Any) -> UsageError:
    return UsageError(
        f":{name} has to be a value that Spark can bind, and {name} is of type "
        f"{type(value).__name__}. Use a number of up to 64 bits, a string, a date, a boolean or "
        "None, or a list of values of one type without None."
    )
