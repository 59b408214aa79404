"""What graphvm has an error class of its own for."""


class Refused(Exception):
    """`kind` chooses the class; `fields` are what it tells."""

    def __init__(self, kind, message, **fields):
        super().__init__(message)
        self.kind = kind
        self.fields = fields
