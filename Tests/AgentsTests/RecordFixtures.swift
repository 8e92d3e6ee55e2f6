// SPDX-License-Identifier: Apache-2.0
// Exit records for the tests of this target, from the text of their files.

import Supervision

/// An exit record with an ending and a cut-off as they stand in its file.
func makeRecord(
    _ ending: String,
    cutOff: String = "null",
    finishedAt: String = "2026-03-01T12:00:10.000Z"
) throws
    -> ExitRecord
{
    let text = """
        {"version":2,"run_id":"run-9","attempt":2,\(ending),"cut_off":\(cutOff),\
        "started_at":"2026-03-01T12:00:00.000Z","finished_at":"\(finishedAt)","duration_us":10000000,\
        "stdout_bytes":5,"stderr_bytes":6,"stragglers_killed":0,"cpu_us":1,"max_resident_bytes":1}
        """
    return try ExitRecord(decoding: Array(text.utf8))
}

func exited(_ code: Int) -> String { "\"ending\":\"exited\",\"exit_code\":\(code)" }
func signalled(_ signal: Int) -> String { "\"ending\":\"signalled\",\"signal\":\(signal)" }
func spawnFailed(_ step: String, _ errno: Int) -> String {
    "\"ending\":\"spawn_failed\",\"step\":\"\(step)\",\"errno\":\(errno)"
}
