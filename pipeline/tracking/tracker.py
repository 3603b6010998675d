"""The one place that chooses the tracker: MLflow.

For another, write a client that is a `protocol.Tracker`, and let this file name it. Tags and images in run.py have the
names that MLflow's page expects.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.errors import UserError

if TYPE_CHECKING:
    from pipeline.tracking.protocol import Tracker


def connect() -> Tracker:
    """A new connection. Raises whatever the tracker's library raises when it cannot be used."""
    from pipeline.tracking import mlflow_client, mlflow_store

    mlflow_store.check_address()
    return mlflow_client.Client()


def check_address() -> None:
    """Raises `UserError` with a remedy if the tracker's address is of a kind that cannot work."""
    from pipeline.tracking import mlflow_store

    mlflow_store.check_address()


def serve_page(port: int) -> int:
    """Serves the tracker's page until Ctrl-C, or names its address if it is served already; returns an exit code.

    Raises:
      UserError: the tracker cannot be used, or another program has the port.
    """
    from pipeline.tracking import mlflow_connection, mlflow_page, mlflow_store

    try:
        mlflow_store.check_address()
        experiments = mlflow_connection.open_store()[1]
    except UserError:
        raise
    except Exception as error:  # whatever the tracker does
        raise UserError(
            f"{address()} cannot be used ({without_password(' '.join(str(error).split()))[:300]})"
        ) from None
    return mlflow_page.serve(experiments[mlflow_store.MODELS], port)


def address() -> str:
    """Where the tracker is, without the password that its address may hold."""
    from pipeline.tracking import mlflow_store

    return without_password(mlflow_store.uri())


def without_password(text: str) -> str:
    """`text` without the user and password that an address in it may carry."""
    return re.sub(r"//[^/@\s]+@", "//...@", text)


def missing() -> str | None:
    """The file that the tracker keeps its runs in, if it should be there and is not."""
    from pipeline.tracking import mlflow_store

    database = mlflow_store.database()
    return str(database) if database and not database.is_file() else None


def needs_correction() -> bool:
    """Whether the tracker's own files were moved, so that a connection would correct where they are."""
    from pipeline.tracking import mlflow_store

    return mlflow_store.has_moved()
