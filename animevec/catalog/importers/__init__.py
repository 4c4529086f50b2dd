"""Files of titles, read into the catalogue."""

from animevec.catalog.importers.job import ImportReport, import_file
from animevec.catalog.importers.journal import RowError
from animevec.catalog.importers.layout import Importer, Row
from animevec.catalog.importers.pictures import Pictures

__all__ = ["ImportReport", "Importer", "Pictures", "Row", "RowError", "import_file"]
