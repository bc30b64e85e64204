import OceanAccess
import OceanBase
import OceanCompiler
import OceanPlan

/// Gathers the account files of a config, each read once.
struct GatheredAccounts {
  private(set) var facts: [String: Facts.AccountFile] = [:]
  /// Nil if the config does not ask for it.
  private(set) var namesakes: Facts.SharedMailboxes?
  /// Nil if the config does not ask for it.
  private(set) var search: MailboxSearch?

  /// - Parameter now: seconds since 1970.
  init(
    _ paths: Set<String>, defaultDomain: String?, wantsNamesakes: Bool, maildir: MailTemplate?, now: Int64
  ) {
    search = maildir.map { MailboxSearch($0, defaultDomain: defaultDomain) }
    var names = wantsNamesakes ? UserNames(defaultDomain: defaultDomain) : nil
    for path in paths.sorted() {
      let bytes: [UInt8]
      do {
        bytes = try Files.read(path, limit: PasswdFile.maxLength)
      } catch .missing {
        facts[path] = .missing
        continue
      } catch .notPermitted {
        facts[path] = .notPermitted
        continue
      } catch {
        facts[path] = .unreadable(error.reason)
        continue
      }
      let file = PasswdFile(parsing: SecretBytes(copying: bytes), defaultDomain: defaultDomain)
      facts[path] = .read(Facts.AccountSummary(file, now: now))
      names?.add(file, path)
      search?.add(file)
    }
    namesakes = names?.namesakes
  }
}

extension Facts.AccountSummary {
  fileprivate init(_ file: PasswdFile, now: Int64) {
    var issues = file.issues.entries.filter { $0.scheme == nil || $0.isAppPassword }.map { issue in
      let others = issue.lines.dropFirst()
      let more = others.isEmpty ? "" : " (also on \(issue.place(of: others)))"
      let subject = issue.namesAccount ? "" : issue.account.map { "\($0): " } ?? ""
      return Issue(line: issue.line, message: subject + issue.message + more, help: issue.help)
    }
    if let schemes = Self.unusableSchemes(file) { issues.insert(schemes, at: 0) }
    if file.issues.omitted > 0 {
      issues.append(Issue(line: nil, message: "\(file.issues.omitted) more like these are not shown"))
    }
    self.init(
      active: file.activeCount, disabled: file.disabledCount, homeless: file.homelessCount,
      domainless: file.domainlessCount, issues: issues)
    if !file.services.isEmpty || !file.ends.isEmpty { fields = Fields(file, now: now) }
  }
}

extension Facts.AccountSummary.Fields {
  /// The ends that are nearest to now.
  fileprivate init(_ file: PasswdFile, now: Int64) {
    let ends = file.ends.sorted { ($0.end, $0.line) < ($1.end, $1.line) }
    let next = ends.firstIndex { !$0.end.isPast(at: now) } ?? ends.endIndex
    self.init(
      services: file.services.map {
        Service(name: $0.key, count: $0.value.count, firstLine: $0.value.firstLine)
      }
      .sorted { $0.firstLine < $1.firstLine },
      ends: (ends[..<next].suffix(Self.maxEnds) + ends[next...].prefix(Self.maxEnds)).map {
        End(subject: file.subject(of: $0), line: $0.line, time: $0.end.seconds)
      })
  }
}

extension Facts.AccountSummary {
  /// The accounts that cannot log in because of their schemes, in one sentence.
  private static func unusableSchemes(_ file: PasswdFile) -> Issue? {
    let found = file.issues.entries.filter { $0.scheme != nil && !$0.isAppPassword }
    guard let first = found.min(by: { $0.line < $1.line }) else { return nil }
    let count = found.reduce(0) { $0 + $1.occurrences }
    let all = file.activeCount + file.disabledCount + file.refusedCount
    let schemes = found.map { "\($0.scheme ?? "") (\($0.place(of: $0.lines[...])))" }.joined(separator: ", ")
    return Issue(
      line: first.line,
      message:
        "\(count) of \(counted(all, "account")) cannot log in, by password schemes that ocean does not have: \(schemes)",
      help: "a new password for each: ocean passwd NAME")
  }
}

extension AccountIssue {
  /// The scheme that makes ocean refuse the lines; nil if they are refused for another reason.
  fileprivate var scheme: String? {
    switch kind {
    case .unsupportedScheme(let name): name
    case .unknownScheme: "unknown"
    default: nil
    }
  }

  /// Names the lines: `line 4`, `lines 4, 9 and 12 more`.
  ///
  /// - Parameter lines: some of the file's lines, to the last.
  fileprivate func place(of lines: ArraySlice<Int>) -> String {
    let shown = lines.prefix(6)
    let hidden = occurrences - self.lines.count + lines.count - shown.count
    let word = shown.count + hidden == 1 ? "line" : "lines"
    return "\(word) \(shown.map(String.init).joined(separator: ", "))"
      + (hidden > 0 ? " and \(hidden) more" : "")
  }

  /// Whether the message names the account.
  fileprivate var namesAccount: Bool {
    switch kind {
    case .duplicateName, .ambiguousName: true
    default: false
    }
  }
}

/// Remembers who had a user's name first, over all files.
private struct UserNames {
  private(set) var namesakes = Facts.SharedMailboxes()
  private let defaultDomain: String
  private var files: [String] = []
  /// The owners by the bytes of the name, which a path is made of.
  private var owners: [[UInt8]: Owner] = [:]

  private struct Owner {
    let domain: String
    let file: Int
    let line: Int
  }

  init(defaultDomain: String?) {
    self.defaultDomain = defaultDomain?.lowercased() ?? ""
  }

  mutating func add(_ file: PasswdFile, _ path: String) {
    files.append(path)
    for account in file.activeAccounts where account.maildir == nil {
      let user = Array(account.name.user.utf8)
      let domain = account.name.domain.map(String.init) ?? defaultDomain
      guard let owner = owners[user] else {
        owners[user] = Owner(domain: domain, file: files.count - 1, line: account.line)
        continue
      }
      guard !owner.domain.utf8.elementsEqual(domain.utf8) else { continue }
      namesakes.count += 1
      guard namesakes.pairs.count < Facts.SharedMailboxes.limit else { continue }
      // The name may have a password in it.
      guard account.name.isPresentable else { continue }
      let name = String(account.name.user)
      namesakes.pairs.append(
        .init(
          first: place(name, owner.domain, files[owner.file], owner.line),
          second: place(name, domain, path, account.line)))
    }
  }

  private func place(_ user: String, _ domain: String, _ file: String, _ line: Int)
    -> Facts.SharedMailboxes.Place
  {
    .init(account: domain.isEmpty ? user : "\(user)@\(domain)", file: file, line: line)
  }
}
