"""ssl: programs as records of the published Scheduling-Structural-Logical form, and back.

Comes in: a program with its edges, or a record. Goes out: a record with a sidecar, a program with its text, problems.
Must never: put into a record what the source does not show, or reject a published record for what it only claims.
"""

from skvm.ir.ssl.claims import validate_ssl
from skvm.ir.ssl.exporter import NotExpressible, SslExport, export_ssl
from skvm.ir.ssl.importer import InvalidRecord, SslImport, import_ssl
from skvm.ir.ssl.schema import Record
from skvm.ir.ssl.shape import Problem

__all__ = [
    "InvalidRecord",
    "NotExpressible",
    "Problem",
    "Record",
    "SslExport",
    "SslImport",
    "export_ssl",
    "import_ssl",
    "validate_ssl",
]
