import OceanCompiler
import OceanPlan
import OceanSyntax

/// What a shell on a node is told to do, and what it reads.
package struct NodeCommand: Sendable, Hashable {
  /// For the shell of the node.
  let line: String
  /// The command that matters of it, for people.
  let shown: String
  let input: [UInt8]

  private init(_ line: String, shown: String? = nil, input: [UInt8] = []) {
    (self.line, self.shown, self.input) = (line, shown ?? line, input)
  }

  /// Whatever shell the user on the node has, this is one for sh.
  private init(script: String, shown: String, input: [UInt8] = []) {
    let word = script.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    self.init("sh -c '\(word)'", shown: shown, input: input)
  }

  init(words: [String], input: [UInt8] = []) {
    self.init(words.map(\.shellQuoted).joined(separator: " "), input: input)
  }

  /// The words of the command here. ssh hands one word to the shell of the node, so that is quoted for it; here there is no
  /// shell.
  ///
  /// - Parameter seconds: how long a connection may take.
  func words(at target: String, within seconds: Int) -> [String] {
    ["ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=\(seconds)", "--", target, line]
  }
}

/// What a rollout leaves beside the config of a node until it is confirmed. The names have the digest of the plan, so that
/// two rollouts do not take each other's files.
struct NodeStage: Sendable, Hashable {
  let config: String
  /// The first digits of the digest of the node's new plan.
  let plan: String

  private static let ending = ".rollout"
  private static let planEnding = ".rollout-plan"

  init(_ node: Fleet.Node, _ plan: Digest) { (config, self.plan) = (node.remoteConfig, plan.short) }

  /// The rollout that a server runs the plan of; nil if it runs another file.
  ///
  /// - Parameter file: what the server's plan was made from.
  init?(_ node: Fleet.Node, running file: String) {
    let (start, end) = (node.remoteConfig + ".", Self.planEnding)
    guard file.hasPrefix(start), file.hasSuffix(end), file.utf8.count == start.utf8.count + 6 + end.utf8.count
    else { return nil }
    (config, plan) = (node.remoteConfig, String(file.dropFirst(start.count).prefix(6)))
  }

  var planPath: String { "\(config).\(plan)\(Self.planEnding)" }

  /// Where a file waits to replace another.
  func path(of file: String) -> String { "\(file).\(plan)\(Self.ending)" }

  /// The directory of the config. With the slash at its end it is looked into even if it is a link.
  var folder: String { config.lastIndex(of: "/").map { String(config[...$0]) } ?? "/" }

  /// Finds the files that wait.
  fileprivate var find: String { "find \(folder.shellQuoted) -name '*.\(plan)\(Self.ending)'" }
  /// Finds these and the plan.
  fileprivate var findAll: String { "find \(folder.shellQuoted) -name '*.\(plan)\(Self.ending)*'" }
  /// Finds those of all rollouts.
  fileprivate static func findAny(in folder: String) -> String {
    "find \(folder.shellQuoted) '(' -name '*.??????\(ending)' -o -name '*.??????\(planEnding)' ')'"
  }
  fileprivate var suffix: String { ".\(plan)\(Self.ending)" }
}

extension NodeCommand {
  /// The hashes of files; those that cannot be read are left out.
  static func hashes(of files: [String]) -> NodeCommand {
    let names = files.map(\.shellQuoted).joined(separator: " ")
    return NodeCommand("sha256sum -- \(names) 2>/dev/null || true", shown: "sha256sum \(names)")
  }

  /// Saves the plan that is to run.
  static func save(_ plan: [UInt8], in stage: NodeStage) -> NodeCommand {
    let path = stage.planPath.shellQuoted
    return NodeCommand(
      script: "umask 077; cat > \(path) && \(isWhole(path, plan))", shown: "cat > \(path)", input: plan)
  }

  /// Puts a file beside the one that it is to replace, with the mode and the owner of that one.
  static func put(_ bytes: [UInt8], besides file: String, in stage: NodeStage) -> NodeCommand {
    let (old, new) = (file.shellQuoted, stage.path(of: file).shellQuoted)
    let script = """
      if [ -L \(old) ]; then echo \("\(file) is a link, and a rollout would replace it".shellQuoted) >&2; exit 1; fi
      mkdir -p -- "$(dirname -- \(old))" &&
      { cp -p -- \(old) \(new) 2>/dev/null || cp -p -- \(stage.config.shellQuoted) \(new); } &&
      cat > \(new) && \(isWhole(new, bytes))
      """
    return NodeCommand(script: script, shown: "cat > \(new)", input: bytes)
  }

  /// A connection that is cut off ends the input as well.
  private static func isWhole(_ path: String, _ bytes: [UInt8]) -> String {
    "{ [ \"$(wc -c < \(path))\" -eq \(bytes.count) ] || { echo \"only a part of it has come\" >&2; exit 1; }; }"
  }

  /// Runs the plan. Once it runs, this gives it more time to be confirmed.
  static func apply(_ stage: NodeStage, within seconds: Int, comment: String) -> NodeCommand {
    NodeCommand(words: [
      "ocean", "apply", stage.planPath, "--confirm-within", "\(seconds)s", "--yes", "--format", "json",
      "--comment",
      comment,
    ])
  }

  /// Goes back to a plan that was confirmed, for as long as nobody confirms that.
  static func rollBack(to plan: Digest, _ stage: NodeStage, within seconds: Int, comment: String)
    -> NodeCommand
  {
    NodeCommand(words: [
      "ocean", "rollback", "\(plan)", "--config", stage.config, "--confirm-within", "\(seconds)s", "--format",
      "json", "--comment", comment,
    ])
  }

  /// Says that it is there, and confirms the plan once it is told to.
  ///
  /// - Parameter isRollback: whether the files stay as they are.
  static func confirm(
    _ plan: Digest, _ stage: NodeStage, comment: String, isRollback: Bool = false
  ) -> NodeCommand {
    let confirm = "ocean confirm \(plan) --config \(stage.config.shellQuoted)"
    // A server that was started again has gone back, and nobody else is to be confirmed then.
    let script = """
      case $(ocean status --format json \(stage.config.shellQuoted)) in *'"unconfirmed"'*) ;;
      *) echo "no plan waits to be confirmed there" >&2; exit 1 ;; esac
      echo ready
      read -r word || word=
      if [ "$word" != confirm ]; then echo "not every node was there to be confirmed" >&2; exit 1; fi
      \(confirm) >&2 || exit 1
      \(isRollback ? clearingAll(stage) : settling(stage, comment))
      """
    return NodeCommand(script: script, shown: confirm, input: Array("confirm\n".utf8))
  }

  /// Puts the files of a confirmed plan in their places.
  static func settle(_ stage: NodeStage, comment: String) -> NodeCommand {
    NodeCommand(
      script: settling(stage, comment), shown: "ocean apply \(stage.config.shellQuoted)")
  }

  /// The server is told that its plan is that of the config: if it is.
  private static func settling(_ stage: NodeStage, _ comment: String) -> String {
    let config = stage.config.shellQuoted
    let replace = "f=$1; mv -f -- \"$f\" \"${f%\(stage.suffix)}\""
    return """
      \(stage.find) -exec sh -c \(replace.shellQuoted) sh {} \\; || exit 1
      ocean plan \(config) >/dev/null
      case $? in
      0) ;;
      2) echo \("what is in \(stage.config) there gives another plan: 'ocean plan' tells".shellQuoted) >&2; exit 6 ;;
      *) exit 6 ;;
      esac
      ocean apply \(config) --yes --comment \(comment.shellQuoted) >&2 || exit 6
      rm -f -- \(stage.planPath.shellQuoted)
      """
  }

  /// Goes back to the plan that ran before, if it does not run already.
  ///
  /// - Parameter isFromAny: whether whatever a rollout has left there is removed.
  static func goBack(
    to plan: Digest, _ stage: NodeStage, comment: String, fromAny isFromAny: Bool = false
  ) -> NodeCommand {
    let back =
      "ocean rollback \(plan) --config \(stage.config.shellQuoted) --comment \(comment.shellQuoted)"
    return NodeCommand(
      script:
        "\(back) >&2 || exit 1\n\(isFromAny ? clearingAll(stage) : "\(stage.findAll) -exec rm -f -- {} +")",
      shown: back)
  }

  /// Removes what waits.
  static func clear(_ stage: NodeStage) -> NodeCommand {
    NodeCommand(script: "\(stage.findAll) -exec rm -f -- {} +", shown: "rm \(stage.planPath.shellQuoted)")
  }

  /// Removes what rollouts before have left, whose commands were ended: nothing waits there.
  static func clearAll(_ stage: NodeStage) -> NodeCommand {
    NodeCommand(script: clearingAll(stage), shown: "find \(stage.folder.shellQuoted)")
  }

  private static func clearingAll(_ stage: NodeStage) -> String {
    "\(NodeStage.findAny(in: stage.folder)) -exec rm -f -- {} +"
  }
}
