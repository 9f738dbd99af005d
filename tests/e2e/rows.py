"""Rows of a store that no broker has open, through liblmdb: to make an old store, a damaged one, a forged one."""
import ctypes
import os

TABLES = ("meta message body dossier mailbox due open party kenmerk audit trail chain passed tally part "
          "upload").split()
_lmdb = ctypes.CDLL("liblmdb.so.0")
_CREATE, _NEXT = 0x40000, 8


class _Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]

    @classmethod
    def of(cls, text):
        value = cls(len(text), None)
        value.kept = ctypes.create_string_buffer(text, len(text))
        value.data = ctypes.cast(value.kept, ctypes.c_void_p)
        return value

    def bytes(self):
        return ctypes.string_at(self.data, self.size)


def _good(code):
    if code != 0:
        raise OSError("lmdb: %d" % code)


class Rows:
    """One write transaction on the store in a directory, committed at the end of `with`."""

    def __init__(self, directory):
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self.env, self.txn = ctypes.c_void_p(), ctypes.c_void_p()
        _good(_lmdb.mdb_env_create(ctypes.byref(self.env)))
        _good(_lmdb.mdb_env_set_maxdbs(self.env, len(TABLES)))
        _good(_lmdb.mdb_env_set_mapsize(self.env, ctypes.c_size_t(1 << 28)))
        _good(_lmdb.mdb_env_open(self.env, os.fsencode(directory), 0, 0o600))
        _good(_lmdb.mdb_txn_begin(self.env, None, 0, ctypes.byref(self.txn)))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            _good(_lmdb.mdb_txn_commit(self.txn))
        else:
            _lmdb.mdb_txn_abort(self.txn)
        _lmdb.mdb_env_close(self.env)

    def _table(self, name):
        dbi = ctypes.c_uint()
        _good(_lmdb.mdb_dbi_open(self.txn, name.encode(), _CREATE, ctypes.byref(dbi)))
        return dbi

    def put(self, table, key, value):
        _good(_lmdb.mdb_put(self.txn, self._table(table), ctypes.byref(_Value.of(key)),
                            ctypes.byref(_Value.of(value)), 0))

    def erase(self, table, key):
        _good(_lmdb.mdb_del(self.txn, self._table(table), ctypes.byref(_Value.of(key)), None))

    def all(self, table):
        """(key, value) of each row."""
        cursor, key, value, rows = ctypes.c_void_p(), _Value(), _Value(), []
        _good(_lmdb.mdb_cursor_open(self.txn, self._table(table), ctypes.byref(cursor)))
        while _lmdb.mdb_cursor_get(cursor, ctypes.byref(key), ctypes.byref(value), _NEXT) == 0:
            rows.append((key.bytes(), value.bytes()))
        _lmdb.mdb_cursor_close(cursor)
        return rows
