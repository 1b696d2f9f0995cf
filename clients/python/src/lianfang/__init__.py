"""A client of a Lianfang service for scripts and notebooks: import, export, follow the changes, tables of pandas."""

from ._changes import Change, CursorFile
from ._client import Lianfang
from ._exports import Exported
from ._imports import Imported, RefusedRow
from ._problem import Fault, Problem
from ._table import Table

__all__ = ["Change", "CursorFile", "Exported", "Fault", "Imported", "Lianfang", "Problem", "RefusedRow", "Table"]
