"""Memos: a snapshot, or several side by side, as a document in Word, PDF, Excel or HTML."""

from model.memo.comparison import comparison
from model.memo.content import memo
from model.memo.formats import FORMATS, MEDIA_TYPES, document_of, export

__all__ = ["FORMATS", "MEDIA_TYPES", "comparison", "document_of", "export", "memo"]
