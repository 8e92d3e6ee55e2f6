# SPDX-License-Identifier: Apache-2.0
# The rules of scripts/check.
