// SPDX-License-Identifier: Apache-2.0
// A stand-in for the Claude command line, which prints its events and plays its failures.

import SystemKit
import TestSupport

extension DaemonFixture.Options {
    /// An agent that takes the first word of the description for the name of a scenario, and the second for its detail.
    ///
    /// Each start appends `start ID SECONDS` to the file `witness`, and its arguments to `arguments`. `limit N` meets a
    /// usage limit that ends N seconds later, once in the life of the scratch directory; then it succeeds.
    static let fake = #"""
        here=${0%/*}
        echo "start $VIGIL_TASK_ID $(date +%s.%N)" >>"$here/witness"
        echo "$*" >>"$here/arguments"
        prompt=$(cat)
        set -- $prompt
        init() { printf '{"type":"system","subtype":"init","session_id":"s-1","model":"fake-1"}\n'; }
        work() { printf '{"message":{"model":"fake-1","content":[{"type":"text","text":"hm"}]},"type":"assistant"}\n'; }
        usage='"usage":{"input_tokens":100,"output_tokens":20},"model_usage_since_last_result":{"fake-1":{"costUSD":0.004}}'
        good() { printf '{"result":"%s","is_error":false,"num_turns":1,%s,"subtype":"success","type":"result"}\n' "$1" "$usage"; }
        bad() { printf '{"type":"result","subtype":"success","is_error":true,"num_turns":1,"api_error_status":%s,"result":"%s"%s}\n' "$1" "$2" "$3"; }
        ending() { printf '{"type":"result","subtype":"%s","is_error":%s,"num_turns":2}\n' "$1" "$2"; }
        case "$1" in
        limit)
            if mkdir "$here/limited" 2>/dev/null; then
                end=$(($(date +%s) + $2))
                init
                printf '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":%s}}\n' $end
                bad 429 "You've hit your 5-hour limit" ',"api_error":"usage_limit_reached"'
                echo "limit $(date +%s.%N) $end" >>"$here/witness"
                exit 1
            fi
            init; work; good ok ;;
        ok) init; work; good ok ;;
        slow) init; i=0; while [ $i -lt 5 ]; do work; i=$((i + 1)); sleep 0.05; done; good ok ;;
        warned)
            init
            printf '{"type":"rate_limit_event","rate_limit_info":{"status":"allowed_warning","utilization":0.92}}\n'
            good ok ;;
        two) init; good first; work; good second ;;
        big) init; good "$(head -c 1500000 /dev/zero | tr '\0' x)" ;;
        cut) init; printf '{"result":"caf\303'; sleep 0.1; printf '\251","is_error":false,"num_turns":1,"subtype":"success","type":"result"}\n' ;;
        pipe) head -c 2000000 /dev/zero | tr '\0' '\n'; good ok ;;
        garbage) printf 'warning\n\n\033[31m\000\377{\n{"type":1}\n'; init; good ok ;;
        retrying) init; printf '{"type":"system","subtype":"api_retry","attempt":1,"error_status":529,"error":"overloaded"}\n'; good ok ;;
        limit-text) init; bad null "You've hit your limit · resets 4:42am (UTC)" ""; exit 1 ;;
        shuffled)
            printf '{"session_id":"s-1","new":{"a":[]},"model":"fake-1","subtype":"init","type":"system"}\n{"type":"tomorrow"}\n'
            work; printf '{"type":"system","subtype":"tomorrow"}\n'; good ok ;;
        retrying-fail) init; printf '{"type":"system","subtype":"api_retry","attempt":1,"error_status":529,"error":"overloaded"}\n'; bad 529 "Repeated 529"; exit 1 ;;
        old-error) init; printf '{"type":"result","subtype":"success","is_error":true,"num_turns":1,"result":"API Error: 529 Overloaded"}\n'; exit 1 ;;
        two-totals)
            init
            printf '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"first","total_cost_usd":0.002}\n'
            printf '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"second","total_cost_usd":0.005,"origin":{"kind":"task-notification"}}\n' ;;
        session-total)
            # The session has cost more before; this run a thousandth.
            init
            printf '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"ok","total_cost_usd":0.5,"model_usage_since_last_result":{"fake-1":{"costUSD":0.001}}}\n' ;;
        costly-failure) init; printf '{"type":"result","subtype":"success","is_error":true,"num_turns":1,"api_error_status":%s,"result":"no",%s}\n' "$2" "$usage"; exit 1 ;;
        money-old) init; ending error_max_budget_usd false ;;
        schema) init; printf '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"structured_output":{"name":"bob"}}\n' ;;
        schema-missing) init; good "no object" ;;
        lost-session) echo "No conversation found with session ID: s-9" >&2; exit 1 ;;
        cleaned) init; work; exit 143 ;;
        signalled) init; work; kill -TERM $$ ;;
        interrupted) init; work; printf '{"type":"result","subtype":"error_during_execution","is_error":true,"num_turns":1,"terminal_reason":"aborted_tools"}\n' ;;
        killed) init; printf '{"type":"res'; kill -KILL $$ ;;
        stubborn-after) trap '' TERM; init; good ok; while :; do tail -f /dev/null; done ;;
        holds-output) setsid tail -f /dev/null & init; good ok ;;
        codex) printf '{"type":"thread.started","thread_id":"th-1"}\n{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"ok"}}\n{"type":"turn.completed","usage":{"input_tokens":10,"output_tokens":2}}\n' ;;
        codex-fail) printf '{"type":"thread.started","thread_id":"th-1"}\n{"type":"turn.failed","error":{"message":"unexpected status 500"}}\n'; exit 1 ;;
        error) init; bad "$2" "API error $2"; exit 1 ;;
        connection) init; bad null "Connection dropped (ECONNRESET)"; exit 1 ;;
        turns) init; ending error_max_turns true; exit 1 ;;
        turns-old) init; ending error_max_turns false ;;
        money) init; ending error_max_budget_usd true; exit 1 ;;
        denied) init; printf '{"permission_denials":[{"tool_name":"Write"}],"result":"written","is_error":false,"num_turns":1,"subtype":"success","type":"result"}\n' ;;
        nothing) init; printf '{"result":"","is_error":false,"num_turns":0,"subtype":"success","type":"result"}\n' ;;
        text) echo "All done." ;;
        in-use) echo "Error: Session ID s-1 is already in use." >&2; exit 1 ;;
        crash) init; printf '{"type":"result","sub'; kill -SEGV $$ ;;
        mute) echo "waiting for nothing" >&2; exec tail -f /dev/null ;;
        compute)
            init; work
            echo "computing" >>"$here/witness"
            while [ ! -e "$here/go" ]; do :; done
            good ok ;;
        tool)
            init
            printf '{"type":"assistant","message":{"content":[{"type":"tool_use","id":"call-1","name":"Bash"}]}}\n'
            exec tail -f /dev/null ;;
        error-after) init; bad "$2" "API error $2"; exec tail -f /dev/null ;;
        spend)
            # A tenth of a dollar for each line of the purse, at a dollar for a million tokens.
            init; work
            while read -r _ <"$here/$2"; do
                printf '{"type":"stream_event","event":{"type":"message_start","message":{"id":"m","model":"fake-1","usage":{"input_tokens":60000,"output_tokens":1}}}}\n'
                printf '{"type":"stream_event","event":{"type":"message_delta","usage":{"output_tokens":40000}}}\n'
                printf '{"type":"stream_event","event":{"type":"message_stop"}}\n'
            done ;;
        hang) init; work; exec tail -f /dev/null ;;
        hang-after) init; good ok; exec tail -f /dev/null ;;
        stubborn) trap '' TERM; init; work; while :; do tail -f /dev/null; done ;;
        children) setsid sh -c "trap '' TERM; exec tail -f /dev/null" & init; good ok ;;
        nested) [ -z "$CLAUDECODE" ] || exit 1; init; good ok ;;
        names) init; good "$(env | cut -d= -f1 | sort | tr '\n' ' ')" ;;
        *) init; good "$prompt" ;;
        esac
        """#
}

extension DaemonFixture {
    /// Runs a test with a daemon whose default agent is ``Options/fake``, a profile of kind `claude` named `cc`.
    ///
    /// - Parameters:
    ///   - settings: Settings of the daemon.
    ///   - body: The test; the daemon is ready when it begins.
    /// - Throws: What `body` throws.
    static func faking(
        _ settings: [String: String] = [:],
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        let usual = ["VIGIL_AGENT": "cc", "INITIAL_RETRY_DELAY": "0.05", "MAX_RETRIES": "1"]
        try await idle(usual.merging(settings) { _, own in own }) {
            $0.agent = Options.fake
        } _: { daemon in
            try daemon.configure(#"{ agents: { cc: { kind: "claude" } } }"#)
            try await daemon.start()
            try await body(daemon)
            try await daemon.expectCleanEnd()
        }
    }

    /// Writes the configuration file, which the next start reads.
    ///
    /// - Parameter text: What it says.
    /// - Throws: `SystemCallError` when it cannot be written.
    func configure(_ text: String) throws {
        try AtomicFile.write(
            Array(text.utf8),
            as: "vigil.json5",
            in: Directory.open(root),
            replacing: true,
            durability: .relaxed
        )
    }
}
