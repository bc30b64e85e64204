import OceanAccess
package import OceanBase
import OceanHost
import OceanSyntax

/// Finds out what a first config is to say: from the command line, from a person, or from what the host has.
package final class Interview {
  let host: InitHost
  /// The config's path, absolute.
  let path: String
  /// The directory that the config will be in.
  var folder: String { Files.directory(of: path) }
  let given: GivenAnswers
  private let conversation: Conversation?
  private let newPassword: () -> SecretBytes?
  /// What cannot be decided without a person, each with its flag.
  private var undecided: [String] = []

  /// How often a person may answer a question wrongly.
  private static let maxAttempts = 3

  private init(
    _ host: InitHost, at path: String, _ given: GivenAnswers, _ conversation: Conversation?,
    newPassword: @escaping () -> SecretBytes?
  ) {
    (self.host, self.path, self.given) = (host, path, given)
    (self.conversation, self.newPassword) = (conversation, newPassword)
  }

  /// - Parameters:
  ///   - path: the config's path, absolute.
  ///   - conversation: nil to ask nobody.
  ///   - newPassword: asks for a password twice, or takes it from standard input; nil if the two differ.
  package static func choices(
    for path: String, _ host: InitHost, _ given: GivenAnswers, _ conversation: Conversation?,
    newPassword: @escaping () -> SecretBytes?
  ) throws(Refusal) -> Choices {
    let interview = Interview(
      host, at: path, given, conversation, newPassword: newPassword)
    conversation?.say(
      "This makes \(path.escapedForDisplay).\nReturn takes the answer in brackets. Ctrl-C ends this; nothing is written before the last answer."
    )
    try interview.decideAboutDovecot()
    let choices = try interview.choices()
    try interview.confirm(choices)
    return choices
  }

  private func confirm(_ choices: Choices) throws(Refusal) {
    var files = [path]
    if choices.account != nil { files.append(choices.passwdFile) }
    if choices.certificate == .selfSigned {
      files += Choices.selfSignedEndings.map { choices.selfSigned(in: folder) + $0 }
    }
    say("\nThis will be written:\n" + files.map { "  \($0.escapedForDisplay)" }.joined(separator: "\n"))
    if try confirms("Write it?", proposal: true) == false { throw .stopped("nothing was written") }
  }

  private func choices() throws(Refusal) -> Choices {
    let hostname = try decideHostname()
    let domains = try decideDomains(hostname)
    let maildir = try decideMaildir()
    let user = try decideUser()
    let (passwdFile, account) = try decideAccounts(domains?.first ?? hostname ?? "")
    let certificate = try decideCertificate(hostname ?? "")
    let addresses = try decideAddresses(certificate)
    guard let hostname, let domains, let maildir, let user, let passwdFile, let certificate, let addresses
    else {
      throw .usage(
        "what this host does not tell must be given: \(undecided.joined(separator: ", ")); or answer on a terminal, without --yes"
      )
    }
    return Choices(
      hostname: hostname, domains: domains, maildir: maildir, user: user, passwdFile: passwdFile,
      account: account,
      certificate: certificate, addresses: addresses)
  }

  // MARK: - Asking

  /// Shows lines to the person, if there is one.
  func say(_ text: String) { conversation?.say(text) }

  var asksNobody: Bool { conversation == nil }

  /// Decides one thing: by the command line, else by a person, else by the proposal.
  ///
  /// - Parameters:
  ///   - flag: that of the command line, with an example.
  ///   - given: what the command line says.
  ///   - proposals: what the host suggests; the first that can be used counts.
  ///   - parse: makes a value of an answer, or says what is wrong with it.
  /// - Returns: nil if nobody can decide, which is noted.
  func decide<Value>(
    _ question: String, flag: String, given: String?, proposals: [String?],
    parse: (String) throws(Flaw) -> Value
  ) throws(Refusal) -> Value? {
    if let given {
      do {
        return try parse(given)
      } catch {
        throw .usage("\(flag.prefix { $0 != " " }): \(error.sentence)")
      }
    }
    let proposal = proposals.compactMap(\.self).first { (try? parse($0)) != nil }
    guard let conversation else {
      if let proposal { return try? parse(proposal) }
      undecided.append(flag)
      return nil
    }
    let prompt = question + (proposal.map { " [\($0.escapedForDisplay)]" } ?? "") + ": "
    for _ in 1...Self.maxAttempts {
      guard let line = conversation.ask(prompt) else { throw Self.noAnswer }
      let answer = line.trimmed
      do throws(Flaw) {
        guard !answer.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
          throw Flaw(
            "the answer has a character that cannot be seen, as an arrow key sends it: type it again")
        }
        guard let answer = answer.isEmpty ? proposal : answer else {
          throw Flaw("there is nothing to propose here")
        }
        return try parse(answer)
      } catch {
        conversation.say("  \(error.sentence)")
      }
    }
    throw Self.wrongTooOften
  }

  private static let noAnswer = Refusal.stopped("there is no answer; nothing was written")
  private static let wrongTooOften = Refusal.stopped(
    "\(maxAttempts) answers could not be used; nothing was written")

  /// Asks a question that is answered with yes or no; nil if there is nobody to ask.
  func confirms(_ question: String, proposal: Bool) throws(Refusal) -> Bool? {
    guard let conversation else { return nil }
    for _ in 1...Self.maxAttempts {
      guard let line = conversation.ask("\(question) [\(proposal ? "Y/n" : "y/N")]: ") else {
        throw Self.noAnswer
      }
      switch line.trimmed.lowercased() {
      case "": return proposal
      case "y", "yes": return true
      case "n", "no": return false
      default: conversation.say("  y or n")
      }
    }
    throw Self.wrongTooOften
  }

  /// The line of a passwd-file for an account, with a password that a person types or standard input has.
  func account(_ name: String) throws(Refusal) -> Choices.Account {
    let attempts = asksNobody ? 1 : Self.maxAttempts
    var reason = ""
    for _ in 1...attempts {
      if let password = newPassword() {
        do throws(NewPasswordScheme.HashError) {
          return .init(name: name, line: NewAccount.line(name, try NewPasswordScheme.yescrypt.hash(password)))
        } catch {
          reason = error.reason(.yescrypt)
        }
      } else {
        reason = "the passwords differ"
      }
      say("  \(reason)")
    }
    guard asksNobody else { throw Self.wrongTooOften }
    throw .usage("--account reads the password from standard input: \(reason)")
  }

  // MARK: - Dovecot

  private func decideAboutDovecot() throws(Refusal) {
    guard let dovecot = host.dovecot, !given.isBesideDovecot else { return }
    // The import makes a missing directory for a config of that name; another name it takes if it ends in .yaml.
    let isUsual = path == "\(folder)/ocean.yaml"
    let isNamed = path.hasSuffix(".yaml") && host.exists(folder)
    let out = isUsual || !isNamed ? folder : path
    let command = "ocean import dovecot \(dovecot.pasted) --out \(out.pasted)"
    guard !asksNobody else {
      throw .usage(
        "this host has a Dovecot; --beside-dovecot makes a config of its own all the same, and this takes Dovecot's settings over: "
          + command)
    }
    say("\nThis host has a Dovecot. This takes its settings over:\n\n  \(command)\n")
    if try confirms("Make a config without them?", proposal: false) != true {
      throw .stopped("nothing was written; next: \(command)")
    }
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text.drop(while: \.isWhitespace))
  }
}
