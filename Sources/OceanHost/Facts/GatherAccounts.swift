import OceanAccess
import OceanBase
import OceanCompiler
package import OceanPlan

/// Gathers the account files of a config, each read once; not at all if the server reads it anyway.
struct GatheredAccounts {
  private(set) var facts: [String: Facts.AccountFile] = [:]
  /// Nil if the config does not ask for it.
  private(set) var namesakes: Facts.SharedMailboxes?
  /// Nil if the config does not ask for it.
  private(set) var search: MailboxSearch?

  /// Octets of the shortest file that is left to a server that starts, or runs: it reads the accounts itself, and what
  /// there is to say about them is no reason to wait.
  private static let longFile = 4 << 20

  /// Whether a server does not wait for what is in the file.
  static func isLong(_ path: String) -> Bool {
    ((try? Files.length(path, limit: PasswdFile.maxLength)) ?? 0) >= longFile
  }

  /// - Parameters:
  ///   - isBrief: whether the contents of long files are not looked at.
  ///   - now: seconds since 1970.
  init(
    _ paths: Set<String>, defaultDomain: String?, wantsNamesakes: Bool, maildir: MailTemplate?, isBrief: Bool,
    now: Int64
  ) {
    search = maildir.map { MailboxSearch($0, defaultDomain: defaultDomain) }
    var names = wantsNamesakes ? UserNames(defaultDomain: defaultDomain) : nil
    for path in paths.sorted() {
      let file: PasswdFile
      do {
        let length = try Files.length(path, limit: PasswdFile.maxLength)
        if isBrief, length >= Self.longFile {
          facts[path] = .notAsked
          continue
        }
        file = try Self.parsed(path, defaultDomain)
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
      facts[path] = .read(Facts.AccountSummary(file, now: now))
      names?.add(file, path)
      search?.add(file)
    }
    namesakes = names?.namesakes
  }

  private static func parsed(_ path: String, _ defaultDomain: String?) throws(FileAccess.ReadError)
    -> PasswdFile
  {
    do {
      return try PasswdFileReader.of(path, defaultDomain: defaultDomain).parsed { SystemClock.wall.now }
    } catch {
      throw if case .unreadable(let code) = error { Files.readError(code) } else { .other(error.reason) }
    }
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

/// The accounts that share a mailbox, over all files.
private struct UserNames {
  private(set) var namesakes = Facts.SharedMailboxes()
  private let defaultDomain: String
  private var files: [String] = []
  private var index: UserNameIndex

  init(defaultDomain: String?) {
    self.defaultDomain = defaultDomain?.lowercased() ?? ""
    index = UserNameIndex(defaultDomain: defaultDomain)
  }

  mutating func add(_ file: PasswdFile, _ path: String) {
    files.append(path)
    var found = namesakes
    index.add(file) { [defaultDomain, files] first, second in
      found.count += 1
      guard found.pairs.count < Facts.SharedMailboxes.limit, let second = second(), let first = first(),
        // The name may have a password in it.
        second.name.isPresentable
      else { return }
      let name = String(second.name.user)
      func place(_ owner: UserNameIndex.Owner) -> Facts.SharedMailboxes.Place {
        let domain = owner.name.domain.map(String.init) ?? defaultDomain
        return .init(
          account: domain.isEmpty ? name : "\(name)@\(domain)", file: files[owner.file], line: owner.line)
      }
      found.pairs.append(.init(first: place(first), second: place(second)))
    }
    namesakes = found
  }
}

extension Plan {
  /// Whether there are account files whose contents a server looks at while it runs.
  package var hasLongAccountFiles: Bool {
    accounts.compactMap(\.passwdFile).contains(where: GatheredAccounts.isLong)
  }
}
