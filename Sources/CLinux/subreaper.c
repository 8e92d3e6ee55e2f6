// SPDX-License-Identifier: Apache-2.0
// Adoption of orphans.
#include "internal.h"
#include <sys/prctl.h>

int cl_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) < 0 ? -errno : 0; }
