// SPDX-License-Identifier: Apache-2.0
// Puts texts together without printf(3), which takes longer than the rest of a record.
#include "supervisor.h"

void put(struct text *text, const char *part) {
    while (*part != 0 && text->at < text->end) *text->at++ = *part++;
}

void put_number(struct text *text, uint64_t value, int digits) {
    char reversed[20];
    int count = 0;
    for (; value > 0 || count < digits; value /= 10) reversed[count++] = (char)('0' + value % 10);
    while (count > 0 && text->at < text->end) *text->at++ = reversed[--count];
}
