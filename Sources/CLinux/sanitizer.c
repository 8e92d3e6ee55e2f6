// SPDX-License-Identifier: Apache-2.0
// Tells the thread sanitizer of an order between threads that it cannot see. Without it these do nothing.
#include "CLinux.h"

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

void cl_handed_over(const void *through) {
    if (__tsan_release != nullptr) __tsan_release((void *)through);
}

void cl_taken_over(const void *through) {
    if (__tsan_acquire != nullptr) __tsan_acquire((void *)through);
}
