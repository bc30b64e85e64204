import Glibc
import OceanAccess
import OceanCompiler
import OceanPlan
import OceanTLS

extension Facts {
  /// Answers what a config asks. Reads, resolves and looks; changes nothing.
  ///
  /// - Parameters:
  ///   - certificates: what was gathered of those.
  ///   - offline: leaves host names unresolved.
  ///   - now: in seconds since 1970; nil asks the clock.
  static func gather(
    _ request: FactRequest, certificates: [String: CertificateFacts], defaultDomain: String?, offline: Bool,
    now: Int64?
  ) -> Facts {
    Facts(
      hostname: Host.name, isRoot: geteuid() == 0, hasIPv6: Host.hasIPv6, localAddresses: Host.addresses,
      hosts: answers(request.hosts) { offline ? .notAsked : Host.resolve($0) },
      users: answers(request.users) { name in
        User(named: name).map { $0.uid == 0 ? .isRoot : .exists } ?? .missing
      },
      directories: answers(request.directories, directory),
      accountFiles: answers(request.accountFiles) { accountFile($0, defaultDomain: defaultDomain) },
      certificates: certificates, listFiles: answers(request.listFiles, listFile),
      protocols: protocols(request.profiles), now: now ?? Int64(time(nil)))
  }

  static func protocols(_ profiles: Set<Plan.Service.TLS.Profile>) -> [String: [String]] {
    Dictionary(
      profiles.map { ($0.rawValue, TLSProfile($0).probe().map(\.version.description)) },
      uniquingKeysWith: { first, _ in first })
  }

  private static func answers<Answer>(
    _ questions: Set<String>, _ answer: (String) -> Answer
  ) -> [String: Answer] {
    Dictionary(questions.map { ($0, answer($0)) }, uniquingKeysWith: { first, _ in first })
  }

  private static func directory(_ path: String) -> DirectoryState {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR ? .exists : .notADirectory }
    switch errno {
    case EACCES: return .notPermitted
    default: return .missing
    }
  }

  static func listFile(_ path: String) -> ListFile {
    do {
      let bytes = try Files.read(path, limit: Files.listLimit)
      return .read(String(decoding: bytes, as: UTF8.self), Digest(of: bytes))
    } catch .missing {
      return .missing
    } catch .notPermitted {
      return .notPermitted
    } catch {
      return .unreadable(error.reason)
    }
  }

  private static func accountFile(_ path: String, defaultDomain: String?) -> AccountFile {
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: PasswdFile.maxLength)
    } catch .missing {
      return .missing
    } catch .notPermitted {
      return .notPermitted
    } catch {
      return .unreadable(error.reason)
    }
    let file = PasswdFile(parsing: OceanAccess.SecretBytes(copying: bytes), defaultDomain: defaultDomain)
    var issues = file.issues.entries.map { issue in
      let others = issue.occurrences - 1
      let more = others > 0 ? " (and on \(counted(others, "other line")))" : ""
      return AccountSummary.Issue(line: issue.line, message: issue.message + more)
    }
    if file.issues.omitted > 0 {
      issues.append(
        AccountSummary.Issue(line: nil, message: "\(file.issues.omitted) more like these are not shown"))
    }
    return .read(
      AccountSummary(
        active: file.activeCount, disabled: file.disabledCount, homeless: file.homelessCount,
        domainless: file.domainlessCount, issues: issues))
  }
}

/// A user of this host.
struct User {
  let uid: uid_t
  let gid: gid_t

  init?(named name: String) {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 * 1024)
    guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
    uid = entry.pw_uid
    gid = entry.pw_gid
  }

  /// The name of the user who runs this, or the number of one without a name.
  static var effectiveName: String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 * 1024)
    guard getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = entry.pw_name
    else { return "\(geteuid())" }
    return "'\(String(cString: name))'"
  }
}
