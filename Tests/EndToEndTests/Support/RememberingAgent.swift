// SPDX-License-Identifier: Apache-2.0
// A stand-in for the Claude command line that keeps its sessions, and refuses those that it does not know.

import Glibc
import SystemKit
import TestSupport

extension DaemonFixture.Options {
    /// An agent that keeps in `sessions/ID` what it was told in each of its sessions, a line for each run.
    ///
    /// Line breaks in it become bars. The first word of the first line is the scenario, and the number of lines says which run of it this is. Each
    /// start appends `TASK ATTEMPT new|resumed SESSION WORD` to the file `witness`, with the first word that it was
    /// told, and its arguments to `arguments`. A new session is named for its task and the number of starts before.
    static let remembering = #"""
        here=${0%/*}
        echo "$*" >>"$here/arguments"
        session=; how=new
        while [ $# -gt 0 ]; do
            [ "$1" = --resume ] && { session=$2; how=resumed; }
            shift
        done
        told=$(cat)
        [ -n "$session" ] || session=session-$VIGIL_TASK_ID-$(touch "$here/witness"; grep -c "^$VIGIL_TASK_ID " "$here/witness")
        echo "$VIGIL_TASK_ID $VIGIL_ATTEMPT $how $session ${told%% *}" >>"$here/witness"
        book=$here/sessions/$session
        mkdir -p "$here/sessions"
        if [ $how = resumed ] && [ ! -e "$book" ]; then
            printf '{"type":"result","subtype":"error_during_execution","is_error":true,"num_turns":0,"session_id":"%s","total_cost_usd":0,"errors":["No conversation found with session ID: %s"]}\n' "$session" "$session"
            echo "No conversation found with session ID: $session" >&2
            exit 1
        fi
        printf '%s' "$told" | tr '\n' '|' >>"$book"
        echo >>"$book"
        scenario=$(head -n 1 "$book" | cut -d' ' -f1)
        run=$(wc -l <"$book" | tr -d ' ')
        init() { printf '{"type":"system","subtype":"init","session_id":"%s","model":"fake-1"}\n' "$session"; }
        work() { printf '{"message":{"model":"fake-1","content":[{"type":"text","text":"hm"}]},"type":"assistant"}\n'; }
        cost='"usage":{"input_tokens":100,"output_tokens":20,"cache_read_input_tokens":7},"total_cost_usd":0.1,"model_usage_since_last_result":{"fake-1":{"costUSD":0.004}}'
        good() { printf '{"result":"%s","is_error":false,"num_turns":1,%s,"subtype":"success","type":"result"}\n' "$1" "$cost"; }
        bad() { printf '{"type":"result","subtype":"success","is_error":true,"num_turns":1,"api_error_status":%s,"result":"%s",%s}\n' "$1" "$2" "$cost"; }
        stay() { echo "$VIGIL_TASK_ID stays" >>"$here/witness"; exec tail -f /dev/null; }
        init
        case $scenario.$run in
        hold.1) work; stay ;;
        mute.1) stay ;;
        gate.*) work; echo "$VIGIL_TASK_ID stays" >>"$here/witness"; read -r _ <"$here/gate"; good done ;;
        limit.1)
            work
            printf '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":%s}}\n' $(($(date +%s) + 1))
            bad 429 "You've hit your 5-hour limit"; exit 1 ;;
        overload.1) work; bad 529 overloaded; exit 1 ;;
        forget.1) [ -e "$here/forgot" ] || { touch "$here/forgot"; work; bad 529 overloaded; rm "$book"; exit 1; }; good anew ;;
        mend.2) work; touch "$here/mended"; good mended ;;
        crash.1|crash.2) work; kill -SEGV $$ ;;
        *) work; good "run $run" ;;
        esac
        """#
}

extension DaemonFixture {
    /// Runs a test with a daemon whose default agent is ``Options/remembering``, a profile of kind `claude` named `cc`.
    ///
    /// - Parameters:
    ///   - settings: Settings of the daemon.
    ///   - arguments: The daemon's arguments; those of one worker when nil.
    ///   - configuration: The configuration file.
    ///   - body: The test; the daemon is ready when it begins.
    /// - Throws: What `body` throws.
    static func remembering(
        _ settings: [String: String] = [:],
        arguments: [String]? = nil,
        configuration: String = #"{ agents: { cc: { kind: "claude" } } }"#,
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        let usual = ["VIGIL_AGENT": "cc", "INITIAL_RETRY_DELAY": "0.01", "MAX_RETRIES": "1"]
        try await idle(usual.merging(settings) { _, own in own }) {
            $0.agent = Options.remembering
            $0.arguments = arguments
        } _: { daemon in
            try AtomicFile.write(
                Array(configuration.utf8),
                as: "vigil.json5",
                in: Directory.open(daemon.root),
                replacing: false,
                durability: .relaxed
            )
            try await daemon.start()
            try await body(daemon)
            try await daemon.expectCleanEnd()
        }
    }

    /// What a session was told, a line for each run.
    func told(_ session: String) throws -> [String] {
        let path = scratch.path(of: "sessions")
        let bytes = try Directory.open(path).read(FileName(session), limit: 1 << 20) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Kills the daemon and the supervisors of what runs, as the end of a machine would.
    func crashWithSupervisors() async throws {
        let supervisors = try busySupervisors()
        try daemon.send(SIGKILL)
        for pid in supervisors { kill(pid, SIGKILL) }
        try await daemon.waitForExit()
    }
}
