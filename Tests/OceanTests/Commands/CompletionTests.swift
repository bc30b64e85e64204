import Foundation
import Testing

/// Types into shells, with the completions that `make install` installs.
@Suite struct CompletionTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    for (shell, name) in [("bash", "ocean.bash"), ("zsh", "functions/_ocean"), ("fish", "ocean.fish")] {
      try FileManager.default.createDirectory(
        at: workspace.directory / "functions", withIntermediateDirectories: true)
      let script = try workspace.ocean("--generate-completion-script", shell)
      try #require(script.status == .exited(0))
      try workspace.write(script.output, to: name)
    }
    try workspace.write("", to: "other.yaml")
  }

  /// What a shell offers for the last word of a line.
  private func offers(_ shell: String, _ line: String) throws -> Set<String> {
    let program = URL(filePath: try oceanBinary()).deletingLastPathComponent().path
    let environment = ["PATH": "\(program):/usr/bin:/bin", "HOME": workspace.path(""), "TERM": "dumb"]
    var run: Command
    switch shell {
    case "bash": run = try workspace.run("bash", ["--norc", "-c", Self.bash, line], environment: environment)
    case "zsh":
      // A key that comes while it completes ends that: then nothing is offered.
      var attempts = 5
      repeat {
        run = try workspace.run("zsh", ["-f", "-c", Self.zsh, line], environment: environment)
        attempts -= 1
      } while run.output.isEmpty && attempts > 0
    default:
      run = try workspace.run(
        "fish", ["--no-config", "-c", "cd; source ocean.fish; complete -C \"$argv[1]\"", line],
        environment: environment)
    }
    #expect(run.errorOutput == "", "\(shell): \(run.errorOutput)")
    // fish puts a description behind a tab.
    return Set(
      run.output.split(whereSeparator: \.isNewline).compactMap { $0.split(separator: "\t").first }.map {
        $0.trimmingCharacters(in: .whitespaces)
      })
  }

  /// Completes as readline does: the words so far, and the place of the cursor.
  private static let bash = """
    cd
    source /usr/share/bash-completion/bash_completion 2>/dev/null
    source ./ocean.bash
    COMP_LINE=$0 COMP_POINT=${#0} COMP_TYPE=9
    read -ra COMP_WORDS <<<"$0"
    [[ $0 == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    spec=$(complete -p ocean)
    function=${spec#*-F }
    ${function%% *} ocean "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\\n' "${COMPREPLY[@]}"
    """

  /// Presses tab in a terminal of its own, and writes down what is offered there.
  private static let zsh = #"""
    cd
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z "PS1= fpath=($PWD/functions \$fpath); autoload -U compinit; compinit -u -D"
    zpty -w z "zstyle ':completion:*' list-separator '  --'; zstyle ':completion:*:default' list-prompt ''; LISTMAX=10000; unsetopt auto_menu list_beep"
    zpty -w z 'compadd() { if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi; typeset -a found; builtin compadd -O found "$@"; (( $#found )) && print -rl -- $found >>offers; builtin compadd "$@" }'
    zpty -w z "bindkey '^I' complete-word; print ready >ready"
    while [[ ! -e ready ]]; do sleep 0.02; done
    zpty -w -n z "$0"$'\t'
    zpty -w -n z $'\C-u'"print done >finished"$'\n'
    while [[ ! -e finished ]]; do sleep 0.02; done
    zpty -d z
    [[ -e offers ]] && cat offers
    rm -f offers ready finished
    """#

  @Test(arguments: ["bash", "zsh", "fish"]) func `commands, options, values and files are offered`(
    shell: String
  ) throws {
    let commands = try offers(shell, "ocean ")
    #expect(commands.isSuperset(of: ["check", "plan", "apply", "serve", "cert"]), "\(commands)")
    #expect(try offers(shell, "ocean cert ").isSuperset(of: ["new", "import", "show", "hook"]))
    #expect(try offers(shell, "ocean check --str") == ["--strict"])
    #expect(try offers(shell, "ocean check --format ") == ["human", "json", "sarif", "github"])
    #expect(try offers(shell, "ocean plan --fail-on access-w") == ["access-widened"])
    #expect(try offers(shell, "ocean check --explain OC0214") == ["OC0214"])
    #expect(try offers(shell, "ocean cert hook cert") == ["certbot"])
    #expect(try offers(shell, "ocean check o").isSuperset(of: ["ocean.yaml", "other.yaml"]))
    #expect(try offers(shell, "ocean apply --config oth") == ["other.yaml"])
  }
}
