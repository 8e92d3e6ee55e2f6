// SPDX-License-Identifier: Apache-2.0
// SQLite, and what of it Swift cannot import.
#pragma once
#include <sqlite3.h>

/// Binds bytes, which SQLite copies; SQLITE_TRANSIENT is a pointer made of a number.
static inline int csqlite_bind_text(sqlite3_stmt *_Nonnull statement, int index, const char *_Nullable bytes,
                                    int count) {
    return sqlite3_bind_text(statement, index, bytes ? bytes : "", count, SQLITE_TRANSIENT);
}
