// SPDX-License-Identifier: Apache-2.0
// Kills a process at a chosen one of its system calls, for tests of what it leaves half done.
#pragma once

/// Lets a process go on that SIGSTOP has stopped, and kills it with SIGKILL at the beginning or the end of a system call,
/// whichever is the `count`-th, from 1 on. What is killed at the end of a call has made it. The process is left alone once
/// it has executed another program.
/// Returns 1 when it was killed, 0 when it ended or executed another program before, or the negated errno.
int ct_kill_at(int pid, int count);
