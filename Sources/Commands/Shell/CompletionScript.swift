// SPDX-License-Identifier: Apache-2.0
// The scripts that teach shells to complete: all of them ask `vigil complete`.

import ArgumentParser

/// A shell that can complete.
enum CompletionScript: String, CaseIterable, ExpressibleByArgument {
    case bash, zsh, fish

    /// The script.
    var text: String {
        switch self {
        case .bash: Self.bashText
        case .zsh: Self.zshText
        case .fish: Self.fishText
        }
    }

    private static let bashText = #"""
        # Completion of vigil for bash, from: vigil completions bash
        _vigil() {
            local IFS=$'\n' line
            COMPREPLY=()
            for line in $("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
                case $line in
                :files) compopt -o filenames; COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]#=}")) ;;
                :directories) compopt -o filenames; COMPREPLY=($(compgen -d -- "${COMP_WORDS[COMP_CWORD]#=}")) ;;
                *) COMPREPLY+=("${line%%$'\t'*}") ;;
                esac
            done
        }
        complete -F _vigil vigil

        """#

    private static let zshText = #"""
        #compdef vigil
        # Completion of vigil for zsh, from: vigil completions zsh
        _vigil() {
            local line word
            local -a found
            for line in "${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
                case $line in
                (:files) _files; return ;;
                (:directories) _files -/; return ;;
                ('') ;;
                (*)
                    word=${line%%$'\t'*}
                    found+=("${word//:/\\:}:${line#*$'\t'}") ;;
                esac
            done
            _describe -t words vigil found
        }
        if [ "$funcstack[1]" = _vigil ]; then _vigil "$@"; else compdef _vigil vigil; fi

        """#

    private static let fishText = #"""
        # Completion of vigil for fish, from: vigil completions fish
        function __vigil_complete
            set -l words (commandline -opc)
            set -l typed (commandline -ct)
            for line in ($words[1] complete -- $words[2..-1] "$typed" 2>/dev/null)
                switch $line
                    case :files
                        __fish_complete_path "$typed"
                    case :directories
                        __fish_complete_directories "$typed"
                    case '*'
                        echo $line
                end
            end
        end
        complete -c vigil -f -a '(__vigil_complete)'

        """#
}
