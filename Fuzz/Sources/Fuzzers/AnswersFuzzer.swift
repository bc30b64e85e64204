@testable import OceanAccess
import OceanAddresses
import OceanBase
import OceanPlan

/// What account sources outside of the process answer. The first octet says which one it is; parts of the rest have an octet
/// 0x1F between them.
///
/// | first | the rest |
/// |---|---|
/// | `q` | a row of a database: the login, then `column=value`, `column` for NULL, `column!` for a value that is too long |
/// | `l` | an entry of a directory: the login, then `attribute=value` |
/// | `a` | a line of Dovecot's auth-client, to request 1 |
/// | `u` | a line of Dovecot's auth-userdb, to request 1 |
/// | `s` | an answer of saslauthd |
///
/// Whoever may log in has a mailbox whose path leads where it says, and is the one who was asked about. A right password
/// is never read out of an answer that does not say so.
@_cdecl("fuzz_answers")
func fuzzAnswers(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let kind = bytes.first else { return 0 }
  let rest = Array(bytes.dropFirst())
  let parts = rest.split(separator: 0x1F, omittingEmptySubsequences: false).map(Array.init)
  switch kind {
  case UInt8(ascii: "q"): checkRow(parts)
  case UInt8(ascii: "l"): checkEntry(parts)
  case UInt8(ascii: "a"): checkVerdict(rest)
  case UInt8(ascii: "u"): checkUser(rest)
  case UInt8(ascii: "s"): checkReply(rest)
  default: break
  }
  return 0
}

private let domain = "example.org"

private func makeQuestion(_ login: [UInt8]) -> AccountQuestion? {
  guard let name = try? AccountName(folding: login) else { return nil }
  return AccountQuestion(
    names: [name], defaultDomain: domain, service: "pop3", client: IPAddress(v4: 0xc000_0201))
}

/// A field of a part: its name, and its value; nil without `=`.
private func readField(_ part: [UInt8]) -> (name: String, value: [UInt8]?) {
  let name = part.prefix { $0 != UInt8(ascii: "=") }
  let value = name.count < part.count ? Array(part.dropFirst(name.count + 1)) : nil
  return (String(decoding: name, as: UTF8.self), value)
}

// MARK: - Databases and directories

private func checkRow(_ parts: [[UInt8]]) {
  guard let login = parts.first, let question = makeQuestion(login), let name = question.names.first else {
    return
  }
  let fields = parts.dropFirst().map(readField)
  let values = fields.map { field -> RemoteValue in
    guard let value = field.value else { return field.name.hasSuffix("!") ? .tooLong : .null }
    return .bytes(SecretBytes(copying: value))
  }
  let columns = fields.map { field in
    field.value == nil && field.name.hasSuffix("!") ? String(field.name.dropLast()) : field.name
  }
  for isByUserAlone in [false, true] {
    guard
      let row = try? SQLAccount(
        values, of: columns, named: name, meantBy: question, isByUserAlone: isByUserAlone)
    else { continue }
    guard let account = check(row.answer, name) else { continue }
    precondition((account.password != nil) == (account.status == .active))
    guard account.status == .active else { continue }
    precondition(columns.contains { $0.lowercased() == "password" })
    let users = fields.filter { ["user", "username"].contains($0.name.lowercased()) }
    if let user = users.last?.value { precondition(isSame(user, name), "another user") }
    if isByUserAlone, question.isForeign(name) {
      precondition(users.contains { $0.value != nil }, "perhaps of another domain")
    }
  }
}

/// Whether a row's user is that of a login, compared the slow way.
private func isSame(_ user: [UInt8], _ name: AccountName) -> Bool {
  guard let found = try? AccountName(folding: user) else { return false }
  let (own, other) = (name.text, found.text)
  return [own, "\(own)@\(domain)"].contains { $0.utf8.elementsEqual(other.utf8) }
    || [other, "\(other)@\(domain)"].contains { $0.utf8.elementsEqual(own.utf8) }
    || found.domain == nil && found.user.utf8.elementsEqual(name.user.utf8)
}

private func checkEntry(_ parts: [[UInt8]]) {
  guard let login = parts.first, let question = makeQuestion(login), let name = question.names.first else {
    return
  }
  var values: [String: [RemoteValue]] = [:]
  var mails: [[UInt8]] = []
  for (name, value) in parts.dropFirst().map(readField) {
    values[name, default: []].append(value.map { .bytes(SecretBytes(copying: $0)) } ?? .tooLong)
    if name == "mail", let value { mails.append(value) }
  }
  let entry = LDAPConnection.Entry(name: "uid=x,o=y", values: values)
  for verify in [Plan.LDAP.Verify.bind, .compare] {
    guard let filter = try? LDAPFilter(parsing: "(mail={address})") else { preconditionFailure() }
    var settings = Plan.LDAP(filter: filter, verify: verify)
    settings.attributes.home = "home"
    settings.attributes.mail = "maildir"
    settings.attributes.allowNets = "nets"
    settings.attributes.nologin = "nologin"
    settings.attributes.services = "services"
    settings.attributes.expires = "expires"
    let remote = RemoteAccount(entry, settings, named: name, meantBy: question)
    guard let account = check(remote.answer(check: verify == .bind ? .right : nil), name) else { continue }
    precondition(account.status == .active || account.sourceCheck == nil && account.password == nil)
    guard account.status == .active, values["mail"] != nil else { continue }
    let isMeant = mails.contains {
      AccountName.fold($0).map { $0.utf8.elementsEqual(name.text.utf8) } == true
    }
    precondition(isMeant, "the entry of somebody else")
  }
}

/// Checks what must hold of every answer, and returns the account that it has.
private func check(_ answer: SourceAnswer, _ name: AccountName?) -> Account? {
  guard case .account(let account) = answer.finding else { return nil }
  precondition((account.status == .refused) == (answer.reason != nil))
  precondition(answer.reason?.isEmpty != true)
  if let name { precondition(account.name == name) }
  guard account.status == .active else { return account }
  for path in [account.home, account.maildir].compactMap(\.self) {
    precondition(path.utf8.first == UInt8(ascii: "/") && !path.utf8.contains(0))
    precondition(!path.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) })
    precondition(!path.utf8.contains(UInt8(ascii: "%")))
  }
  return account
}

// MARK: - Sockets

private func checkVerdict(_ octets: [UInt8]) {
  guard let line = readLine(octets), let verdict = try? DovecotVerdict(line, to: 1) else { return }
  precondition(line.words.count > 1 && UInt32(line.words[1]) == 1)
  switch verdict {
  case .accepted(let user, let original):
    precondition(line.words[0] == "OK" && line.words.contains { $0 == "user=\(user)" } && !user.isEmpty)
    if let original {
      precondition(line.words.contains { $0 == "original_user=\(original)" || original.isEmpty })
    }
    for word in line.words { precondition(!["nologin", "proxy", "proxy_maybe"].contains(word)) }
  case .refused:
    precondition(line.words[0] == "FAIL")
    for word in line.words { precondition(word != "temp" && word != "code=temp_fail") }
  case .barred(let reason): precondition(!reason.isEmpty && ["OK", "FAIL"].contains(line.words[0]))
  }
}

private func checkUser(_ octets: [UInt8]) {
  guard let line = readLine(octets), let user = try? DovecotUser(line, to: 1) else { return }
  switch user {
  case .nobody: precondition(line.words[0] == "NOTFOUND")
  case .found(let entry):
    precondition(line.words[0] == "USER" && !entry.name.isEmpty)
    guard let question = makeQuestion(Array(entry.name.utf8)), let name = question.names.first else { return }
    var account = RemoteAccount(named: name, meantBy: question)
    account.take(entry)
    _ = check(account.answer(check: .right), name)
  }
}

/// A line of Dovecot's; what is written from its words is read as the same words.
private func readLine(_ octets: [UInt8]) -> DovecotLine? {
  guard let line = try? DovecotLine(octets) else { return nil }
  let written = line.words.map(DovecotLine.escape).joined(separator: "\t")
  precondition(!written.utf8.contains(10) && !written.utf8.contains(0))
  precondition((try? DovecotLine(Array(written.utf8))) == line)
  return line
}

private func checkReply(_ octets: [UInt8]) {
  guard let reply = try? SaslauthdReply(octets) else { return }
  precondition(octets.count == 2 || octets[2] == UInt8(ascii: " "))
  let word = String(decoding: octets.prefix(2), as: UTF8.self)
  switch reply {
  case .accepted: precondition(word == "OK")
  case .refused, .barred, .trouble: precondition(word == "NO")
  }
}
