#!/usr/bin/env python3
"""Translates a corpus with Spark, on the cores of this machine or on those of a cluster (docs/corpora.md):

    scripts/spark INPUT OUTPUT [--column NAME] [--model DIR] [--master URL] [-- OPTION…]

INPUT is text, one row per line, or Parquet if --column names the column to translate. OUTPUT is a new directory of Parquet
files: the columns of INPUT (`text` if it is text), then `translation` and `error`. One of the two is null; both are for null.

Each partition streams through a `translate` process with one thread, and Spark runs one partition per core. The program
and the checkpoint are sent to the nodes. A text at which the program fails becomes a row with an error.
"""

import argparse
import functools
import tarfile
import tempfile
from pathlib import Path

from pyspark import SparkContext
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col
from pyspark.sql.types import StringType, StructType

import partition
from transformer_c.program import ROOT, TRANSLATE


def send(context: SparkContext, model: Path, directory: str) -> None:
    """Sends the program and the checkpoint to all nodes. They must stay in `directory` until the end: nodes may join late."""
    archive = Path(directory) / "sent.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1, dereference=True) as file:
        file.add(TRANSLATE, "translate")
        file.add(model, "checkpoint")
    context.addArchive(f"{archive}#{partition.ARCHIVE}")
    context.addPyFile(partition.__file__)


def read(spark: SparkSession, path: str, column: str | None) -> DataFrame:
    """The input, in partitions that take minutes at most, and at least four per core, so that all cores finish at about the
    same time. Text keeps its order. Parquet is shuffled, because a large file may be a single piece."""
    n_partitions = 4 * spark.sparkContext.defaultParallelism
    if column:
        frame = spark.read.parquet(path)
        return frame.repartition(max(n_partitions, frame.count() // 50_000))
    for name, value in ("minPartitionNum", n_partitions), ("openCostInBytes", 1 << 16), ("maxPartitionBytes", 1 << 22):
        spark.conf.set(f"spark.sql.files.{name}", value)
    return spark.read.option("lineSep", "\n").text(path).withColumnRenamed("value", "text")


def translate(spark: SparkSession, arguments: argparse.Namespace) -> None:
    frame = read(spark, arguments.input, arguments.column)
    text = col(arguments.column or "text").cast("binary")  # the bytes as they are: the program knows more than UTF-8
    rows = frame.select("*", text).rdd.mapPartitions(
        functools.partial(partition.translate_rows, options=arguments.options))
    schema = StructType(list(frame.schema)).add("translation", StringType()).add("error", StringType())
    # gzip is Java's own. Spark's default, Snappy, loads a library that does not start where musl is installed beside glibc.
    spark.createDataFrame(rows, schema, verifySchema=False).write.parquet(arguments.output, compression="gzip")
    n_rows, n_errors = spark.read.parquet(arguments.output).selectExpr("count(*)", "count(error)").first()
    print(f"{arguments.output}: {n_rows} rows, {n_errors} with an error")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("options", nargs="*", metavar="OPTION", help="options of translate, such as --beam 4, after --")
    parser.add_argument("--column", metavar="NAME", help="INPUT is Parquet; translate this column")
    parser.add_argument("-m", "--model", type=Path, metavar="DIR", default=ROOT / "checkpoints/en-de",
                        help="checkpoint directory (default: the bundled English→German checkpoint)")
    parser.add_argument("--master", metavar="URL", default="local[*,4]",
                        help="cluster, such as spark://HOST:7077 (default: local[*,4], the cores of this machine, 4 tries)")
    arguments = parser.parse_intermixed_args()
    try:  # here, rather than in each task
        list(partition.translate_texts([], [str(TRANSLATE), "-m", str(arguments.model), *arguments.options]))
    except (OSError, RuntimeError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from None
    spark = SparkSession.builder.appName("translate").master(arguments.master).getOrCreate()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            send(spark.sparkContext, arguments.model, scratch)
            translate(spark, arguments)
    except AnalysisException as error:
        raise SystemExit(f"{parser.prog}: {error}") from None
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
