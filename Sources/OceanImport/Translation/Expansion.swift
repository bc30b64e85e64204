import OceanPlan

/// Puts ocean's variables for Dovecot's.
struct Expansion {
  struct Failure: Error { let reason: String }

  private let accounts: Translation.Accounts
  private let defaultHome: String?

  init(_ accounts: Translation.Accounts, defaultHome: String?) {
    (self.accounts, self.defaultHome) = (accounts, accounts.usual["home"]?.value ?? defaultHome)
  }

  /// Where the home of everybody is, if one template says it.
  private var home: String? {
    if let fixed = accounts.fixed["home"]?.value { return fixed }
    let haveOwn = accounts.homes == .inAccounts && accounts.areRead && accounts.homeless < accounts.active
    return haveOwn ? nil : defaultHome
  }

  private var haveDomains: Bool? {
    if accounts.namesAreBare { return false }
    guard accounts.areRead, accounts.active > 0 else { return nil }
    return accounts.domainless == 0 ? true : accounts.domainless == accounts.active ? false : nil
  }

  func template(_ path: String, isHome: Bool = false) throws(Failure) -> String {
    var rest = path[...]
    var result = ""
    if rest.hasPrefix("~") {
      result = try homeTemplate(isHome)
      rest = rest.dropFirst()
    }
    while let percent = rest.firstIndex(of: "%") {
      result += try Self.literal(rest[..<percent])
      rest = rest[percent...].dropFirst()
      let start = rest.startIndex
      if rest.first == "L" { rest = rest.dropFirst() }
      let name: Substring
      if rest.first == "{", let close = rest.firstIndex(of: "}") {
        name = rest[rest.index(after: rest.startIndex)..<close]
        rest = rest[rest.index(after: close)...]
      } else {
        name = rest.prefix(1)
        rest = rest.dropFirst()
      }
      switch name {
      case "u", "user": result += haveDomains == false ? "{user}" : "{user}@{domain}"
      case "n", "username": result += "{user}"
      case "d", "domain":
        guard !accounts.namesAreBare else { throw Failure(reason: "%d is empty, as names lose their domain") }
        result += "{domain}"
      case "h", "home": result += try homeTemplate(isHome)
      case "s", "service": result += "pop3"
      case "%": result += "%"
      default:
        throw Failure(reason: "there is nothing like '%\(rest.base[start..<rest.startIndex])' in ocean")
      }
    }
    result += try Self.literal(rest)
    while let double = result.firstRange(of: "//") { result.replaceSubrange(double, with: "/") }
    guard (try? MailTemplate(parsing: result)) != nil || isHome else {
      throw Failure(reason: "'\(result)' is no path that ocean can take")
    }
    return result
  }

  private static func literal(_ text: Substring) throws(Failure) -> Substring {
    guard !text.contains("{"), !text.contains("}") else {
      throw Failure(reason: "a path with braces in it cannot be written in ocean")
    }
    return text
  }

  private func homeTemplate(_ isHome: Bool) throws(Failure) -> String {
    guard !isHome else { throw Failure(reason: "a home that is made of itself") }
    guard let home else { return "{home}" }
    return try template(home, isHome: true)
  }

  /// What may be otherwise for some accounts.
  func remarks(on path: String) -> [String] {
    var remarks: [String] = []
    let usesHome = path.hasPrefix("~") || path.contains("%h") || path.contains("%{home}")
    let text = path + (usesHome ? home ?? "" : "")
    if text.contains("%u") || text.contains("%{user}") || text.contains("%Lu"), haveDomains == nil {
      remarks.append(
        "%u is the whole name: {user}@{domain} here, which is only right if every account has a domain")
    }
    if usesHome, accounts.homes != .none, accounts.fixed["home"] == nil, let defaultHome {
      if accounts.homes == .elsewhere || !accounts.areRead {
        remarks.append(
          "accounts without a home of their own have \(defaultHome), which stands here for all: write {home} if lines of the "
            + "passwd-file have homes")
      } else if accounts.homeless > 0, accounts.homeless < accounts.active {
        remarks.append(
          "some accounts have no home of their own: write what \(defaultHome) is for them into their lines")
      }
    }
    return remarks
  }
}
