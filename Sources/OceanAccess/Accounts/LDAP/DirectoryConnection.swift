internal import OceanBase
internal import OceanPlan

/// The connections of a thread to a directory: one that looks for entries, and one on which clients' passwords are tried.
///
/// They are two, because a login there changes who the connection is. So the search always has the rights of `bind_dn`, and
/// costs no login of its own each time.
final class DirectoryConnection {
  private let url: LDAPURL
  private let settings: Plan.LDAP
  private let lookup: LDAPConnection
  private var logins: LDAPConnection?

  /// - Parameter password: that of `bind_dn`; nil without one.
  init(
    _ settings: Plan.LDAP, password: SecretBytes?, until deadline: Int64
  ) throws(BackendError) {
    guard let url = settings.url else { throw .unreachable("it has no directory") }
    (self.url, self.settings) = (url, settings)
    lookup = try LDAPConnection(url, settings, until: deadline)
    guard let name = settings.bindDN else { return }
    // An empty password would be a login as nobody.
    guard let password, !password.isEmpty else { throw .noPassword }
    let result = try lookup.bind(name, password, until: deadline)
    guard result.code == LDAPLibrary.Code.success else {
      let trouble = lookup.trouble(result)
      throw trouble.isAbsence ? trouble : .notAdmitted("it does not let \(name) in: \(result.text)")
    }
  }

  // MARK: - Logins

  func answer(_ question: AccountQuestion, until deadline: Int64) throws(BackendError) -> SourceAnswer {
    var asked: Set<[String]> = []
    let parameters = settings.filter.parameters
    for name in question.names {
      // Two names may mean the same to the filter, `anna` and `anna@example.org` by the user alone.
      guard let values = question.values(of: parameters, for: name), asked.insert(values).inserted else {
        continue
      }
      let filter = settings.filter.filled(values)
      let entries = try search(settings.base, .subtree, filter, until: deadline)
      guard let entry = entries.first else { continue }
      guard entries.count == 1 else { throw .nonsense("its filter finds several entries for \(name)") }
      return try check(entry, filter, named: name, question, until: deadline)
    }
    return SourceAnswer(.nobody)
  }

  private func check(
    _ entry: LDAPConnection.Entry, _ filter: String, named name: AccountName, _ question: AccountQuestion,
    until deadline: Int64
  ) throws(BackendError) -> SourceAnswer {
    func account(_ entry: LDAPConnection.Entry) -> RemoteAccount {
      RemoteAccount(entry, settings, named: name, meantBy: question)
    }
    guard settings.verify == .bind else { return account(entry).answer() }
    let unchecked = account(entry).answer(check: .notAsked)
    guard case .account(let found) = unchecked.finding, found.status == .active,
      let password = question.password
    else { return unchecked }
    guard question.hasPossiblePassword else { return account(entry).answer(check: .wrong) }
    let result = try logIn(entry.name, password, until: deadline)
    switch result.code {
    case LDAPLibrary.Code.success: break
    case LDAPLibrary.Code.invalidCredentials: return account(entry).answer(check: .wrong)
    case LDAPLibrary.Code.inappropriateAuthentication:
      var refused = account(entry)
      refused.refuse("the directory has no password for it")
      return refused.answer(check: .notAsked)
    default:
      let trouble = lookup.trouble(result)
      if case .refused = trouble { throw .nonsense("it does not check the password: \(result.text)") }
      throw trouble
    }
    // Between the search and the login, another entry may have come to have that name.
    let now = try search(entry.name, .base, filter, until: deadline)
    guard let current = now.first, now.count == 1 else {
      throw .nonsense("the entry of \(name) has just changed")
    }
    let checked = account(current).answer(check: .right)
    guard case .account(let account) = checked.finding, account.isSame(as: found) else {
      throw .nonsense("the entry of \(name) has just changed")
    }
    return checked
  }

  private func search(
    _ base: String, _ scope: LDAPConnection.Scope, _ filter: String, until deadline: Int64
  ) throws(BackendError) -> [LDAPConnection.Entry] {
    try lookup.search(base, scope, filter, settings.attributesAsked, until: deadline)
  }

  /// Tries a client's password.
  private func logIn(
    _ name: String, _ password: SecretBytes, until deadline: Int64
  ) throws(BackendError) -> LDAPConnection.Result {
    let connection: LDAPConnection
    if let logins {
      connection = logins
    } else {
      connection = try LDAPConnection(url, settings, until: deadline)
      logins = connection
    }
    return try connection.bind(name, password, until: deadline)
  }

  // MARK: - Facts

  /// Whether the base exists; and the attributes that the schema has, each with the name by which entries have it, nil if it
  /// does not show them. The keys are all their names in lower case.
  func shape(until deadline: Int64) throws(BackendError) -> (hasBase: Bool, attributes: [String: String]?) {
    let hasBase = try !entries(settings.base, [], until: deadline).isEmpty
    let root = try entries("", ["subschemaSubentry"], until: deadline).first
    guard let place = root?.values["subschemaSubentry"]?.first?.string else { return (hasBase, nil) }
    let schema = try entries(place, ["attributeTypes"], of: "subschema", until: deadline).first
    guard let types = schema?.values["attributeTypes"], !types.isEmpty else { return (hasBase, nil) }
    var attributes: [String: String] = [:]
    for names in types.compactMap({ $0.string.map(Self.names) }) {
      // The number comes first; an attribute without a name has nothing else.
      guard let main = names.dropFirst().first ?? names.first else { continue }
      for name in names where attributes[name.lowercased()] == nil { attributes[name.lowercased()] = main }
    }
    return (hasBase, attributes)
  }

  /// The entry with a name, or nothing: it may not be there, or not be shown.
  private func entries(
    _ name: String, _ attributes: [String], of kind: String = "*", until deadline: Int64
  ) throws(BackendError) -> [LDAPConnection.Entry] {
    do throws(BackendError) {
      return try lookup.search(name, .base, "(objectClass=\(kind))", attributes, until: deadline)
    } catch .refused {
      return []
    }
  }

  /// The number and the names in a description of an attribute (RFC 4512 §4.1.2), its main name first:
  /// `( 2.5.4.3 NAME ( 'cn' 'commonName' ) …`.
  static func names(_ description: String) -> [String] {
    let words = description.split(whereSeparator: \.isWhitespace)
    var names = words.first { $0 != "(" }.map { [String($0)] } ?? []
    guard let start = words.firstIndex(of: "NAME") else { return names }
    for word in words[words.index(after: start)...] where word != "(" {
      guard word.hasPrefix("'"), word.hasSuffix("'"), word.utf8.count > 2 else { break }
      names.append(String(word.dropFirst().dropLast()))
    }
    return names
  }
}

extension Plan.LDAP {
  /// The attributes that a search asks for: those of fields, and those that tell whose entry it is.
  fileprivate var attributesAsked: [String] {
    var names: [String] = []
    for name in fields.map(\.attribute) + filter.comparisons.map(\.attribute) where !names.contains(name) {
      names.append(name)
    }
    return names
  }
}

extension Account {
  /// Whether it gives the same mailbox under the same conditions.
  fileprivate func isSame(as other: Account) -> Bool {
    name == other.name && status == other.status && home == other.home && maildir == other.maildir
      && conditions == other.conditions
  }
}

extension RemoteValue {
  /// The value as text; nil if it is none.
  var string: String? {
    guard case .bytes(let bytes) = self else { return nil }
    return bytes.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
  }
}
