// SPDX-License-Identifier: Apache-2.0
// The files of the dashboard, as bytes of the program.
#pragma once
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A file of the dashboard.
struct cd_asset {
    /// Its name, without a directory.
    const char *name;
    const uint8_t *bytes;
    size_t size;
};

/// The file of a place, from 0; NULL behind the last one.
const struct cd_asset *_Nullable cd_asset_at(size_t index);

#pragma clang assume_nonnull end
