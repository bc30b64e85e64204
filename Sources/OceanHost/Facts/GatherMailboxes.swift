import Glibc
import OceanAccess
import OceanBase
package import OceanCompiler
package import OceanPlan

/// The accounts whose Maildirs are looked for: the first of each config.
struct MailboxSearch {
  struct Candidate {
    let domain: String
    let path: String
  }

  private(set) var candidates: [Candidate] = []
  /// How many accounts can log in, including those that are not looked for.
  private(set) var accounts = 0
  private let template: MailTemplate
  private let defaultDomain: String?

  init(_ template: MailTemplate, defaultDomain: String?) {
    (self.template, self.defaultDomain) = (template, defaultDomain)
  }

  mutating func add(_ file: PasswdFile) {
    for account in file.activeAccounts.prefix(Facts.Mailboxes.limit - candidates.count) {
      let identity = Identity(
        user: String(account.name.user), domain: account.name.domain.map(String.init) ?? defaultDomain ?? "",
        home: account.home, maildir: account.maildir)
      guard let path = try? template.maildir(of: identity) else { continue }
      candidates.append(Candidate(domain: identity.domain, path: path))
    }
    accounts += file.activeCount
  }
}

/// What was found where accounts would have their Maildirs.
struct FoundMailboxes {
  private var facts = Facts.Mailboxes()
  /// The first of those that exist.
  private var maildirs: [String] = []

  /// Looks there.
  init(_ search: MailboxSearch) {
    facts.accounts = search.accounts
    var domains: [String: (accounts: Int, absent: Int)] = [:]
    var firstAbsent: String?
    for (candidate, state) in zip(search.candidates, Maildir.states(at: search.candidates.map(\.path))) {
      domains[candidate.domain, default: (0, 0)].accounts += 1
      switch state {
      case .present:
        facts.existing += 1
        if maildirs.count < Facts.Mailboxes.Closed.limit { maildirs.append(candidate.path) }
      case .absent:
        domains[candidate.domain]?.absent += 1
        if firstAbsent == nil { firstAbsent = candidate.path }
      case .unknown: facts.unknown += 1
      case .silent:
        facts.unanswered = (facts.unanswered ?? 0) + 1
        if facts.silent == nil { facts.silent = candidate.path }
        continue
      }
      facts.looked += 1
    }
    // It matters only where nobody has a Maildir, and asking takes a process.
    if facts.existing == 0 { facts.missing = firstAbsent.flatMap(Maildir.firstMissing) }
    // A single account may still wait for its first message.
    facts.emptyDomains = domains.filter { $0.value.accounts > 1 && $0.value.absent == $0.value.accounts }
      .sorted { $0.key < $1.key }.prefix(10).map { .init(name: $0.key, accounts: $0.value.accounts) }
  }

  /// The uses that a server makes of the Maildirs, by path. Its user is asked about them together with its
  /// other uses, because every asking takes a process.
  var uses: [String: FactRequest.Use] {
    Dictionary(
      maildirs.flatMap { Facts.Mailboxes.Closed.folders(of: $0) }.map { ($0, FactRequest.Use.change) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The facts about the Maildirs.
  ///
  /// - Parameter permissions: those of the user that will use them, for `uses` too; nil if this process
  ///   cannot tell.
  func mailboxes(with permissions: Facts.Permissions?) -> Facts.Mailboxes {
    var mailboxes = facts
    mailboxes.closed = permissions.map { Facts.Mailboxes.Closed(maildirs, $0.paths) }
    return mailboxes
  }
}

extension Facts.Mailboxes {
  /// The same result. If no account has a Maildir, it also says whether the plan that was confirmed last has
  /// that location, too.
  func compared(with stateDirectories: Set<String>, _ template: MailTemplate?) -> Self {
    guard looked > 0, existing == 0 else { return self }
    var result = self
    for state in stateDirectories {
      guard let file = try? KeptPlans(in: state, isThorough: false).last?.file else { continue }
      result.isConfirmed = file.plan.mail.maildir == template
    }
    return result
  }

  /// How many accounts of passwd-files have a Maildir, and how many were looked at; files that cannot be read
  /// are left out. Nil if this process may not look, or a file system does not answer.
  package static func count(_ files: [String], in template: MailTemplate, defaultDomain: String?) -> (
    existing: Int, looked: Int
  )? {
    var search = MailboxSearch(template, defaultDomain: defaultDomain)
    for path in files {
      guard let bytes = try? Files.read(path, limit: PasswdFile.maxLength) else { continue }
      search.add(PasswdFile(parsing: SecretBytes(copying: bytes), defaultDomain: defaultDomain))
    }
    let states = Maildir.states(at: search.candidates.map(\.path))
    guard states.allSatisfy({ $0 == .present || $0 == .absent }) else { return nil }
    return (states.count { $0 == .present }, states.count)
  }
}

extension Facts.Mailboxes.Closed {
  /// The most Maildirs that are asked about.
  fileprivate static let limit = 200

  fileprivate static func folders(of maildir: String) -> [String] { ["\(maildir)/new", "\(maildir)/cur"] }

  /// - Parameter paths: the permissions for the folders.
  fileprivate init(_ maildirs: [String], _ paths: [String: Facts.Permission]) {
    self.init(looked: maildirs.count)
    for maildir in maildirs {
      let obstacles = Self.folders(of: maildir).flatMap { folder -> [String] in
        switch paths[folder] {
        case .denied(let places): places
        case .readOnly(let place): [place]
        case .granted, nil: []
        }
      }
      guard !obstacles.isEmpty else { continue }
      if count == 0 {
        first = maildir
        self.obstacles = Array(Set(obstacles)).sorted()
        owner = Facts.Place(at: maildir)?.owner
      }
      count += 1
    }
  }
}

/// Whether a Maildir exists, as seen without opening it.
package enum Maildir {
  case present, absent
  /// The user that asks may not look.
  case unknown
  /// Its file system does not answer.
  case silent

  /// What is to be said of it; nil if it is there.
  package var note: String? {
    switch self {
    case .present: nil
    case .absent: "not there, shown as empty"
    case .unknown: "not checked: this user may not look there"
    case .silent: "not checked: its file system does not answer"
    }
  }

  package static func state(at path: String) -> Maildir { states(at: [path]).first ?? .unknown }

  /// Returns the states in the order of the paths.
  static func states(at paths: [String]) -> [Maildir] {
    // A path that ends in `/.` exists only if it is a directory.
    let questions = paths.flatMap { path in
      ["new", "cur"].map { KernelQuestions.Question(path: "\(path)/\($0)/.", mode: F_OK) }
    }
    guard let codes = KernelQuestions.ask(questions, as: nil)?.codes else {
      return paths.map { _ in .unknown }
    }
    return paths.indices.map { index in
      let answers = codes[2 * index...2 * index + 1]
      if answers.contains(0) { return .present }
      if answers.contains(ETIMEDOUT) { return .silent }
      return answers.contains(EACCES) ? .unknown : .absent
    }
  }

  /// The end of the way to a Maildir: the first of its directories that is missing; or the Maildir itself, if
  /// it exists and has no folders.
  fileprivate static func firstMissing(on path: String) -> String? {
    let way =
      path.indices.dropFirst().filter { path[$0] == "/" }.map { String(path[..<$0]) } + [path, path + "/new"]
    let questions = way.map { KernelQuestions.Question(path: $0, mode: F_OK) }
    guard let codes = KernelQuestions.ask(questions, as: nil)?.codes else { return nil }
    return zip(way, codes).first { $0.1 != 0 }?.0
  }
}
