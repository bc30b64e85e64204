@testable import OceanAccess
import OceanBase
import OceanPlan

/// A password file, looked up by the names that a naive reader finds, and the mailbox of each account.
///
/// The first line is a password, the second a template of mail locations, the third the default domain; the
/// rest is the file.
@_cdecl("fuzz_accounts")
func fuzzAccounts(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
  guard parts.count == 4 else { return 0 }
  let password = SecretBytes(copying: parts[0])
  let template = try? MailTemplate(parsing: String(decoding: parts[1], as: UTF8.self))
  let domain = parts[2].isEmpty ? nil : String(decoding: parts[2], as: UTF8.self)
  let contents = Array(parts[3])

  let file = PasswdFile(parsing: SecretBytes(copying: contents), defaultDomain: domain)
  let names = firstLines(of: contents)
  precondition(file.activeCount + file.disabledCount + file.refusedCount == names.count)
  precondition((file.decoy == nil) == (file.activeCount == 0))
  precondition(file.issues.entries.count <= AccountIssues.limit)
  for issue in file.issues.entries { precondition(!issue.message.isEmpty && issue.line >= 1) }

  for (name, line) in names {
    guard let account = file.account(named: name) else { preconditionFailure("\(name) is not found") }
    precondition(account.line == line && account.name == name)
    precondition((account.password != nil) == (account.status == .active))
    if let stored = account.password, !stored.scheme.isExpensive {
      precondition((try? stored.verify(password)) != nil)
    }
    if let template { check(template, account, domain) }
  }
  return 0
}

/// The first line of each name, from 1.
private func firstLines(of contents: [UInt8]) -> [AccountName: Int] {
  var result: [AccountName: Int] = [:]
  let text = contents.starts(with: [0xEF, 0xBB, 0xBF]) ? contents.dropFirst(3) : contents[...]
  for (index, line) in text.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
    let line = line.last == 13 ? line.dropLast() : line
    guard line.first != UInt8(ascii: "#"), line.contains(UInt8(ascii: ":")), !line.contains(0),
      line.count <= PasswdFile.maxLineLength,
      let name = try? AccountName(folding: line.prefix { $0 != UInt8(ascii: ":") }), result[name] == nil
    else { continue }
    result[name] = index + 1
  }
  return result
}

/// Checks that no name leads out of the directory that the template gives.
private func check(_ template: MailTemplate, _ account: Account, _ domain: String?) {
  let identity = Identity(
    user: String(account.name.user), domain: account.name.domain.map(String.init) ?? domain ?? "",
    home: account.home)
  guard let path = try? template.maildir(of: identity) else { return }
  precondition(path.utf8.first == UInt8(ascii: "/") && !path.utf8.contains(0))

  let plain = Identity(user: "u", domain: "d", home: account.home)
  guard let usual = try? template.maildir(of: plain) else {
    preconditionFailure("no mailbox for a usual name")
  }
  let slash = UInt8(ascii: "/")
  precondition(path.utf8.count { $0 == slash } == usual.utf8.count { $0 == slash })
  guard account.home == nil else { return }
  precondition(!path.utf8.split(separator: slash).contains { $0.elementsEqual("..".utf8) })
}
