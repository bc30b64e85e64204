import OceanPlan

/// Replaces Dovecot's variables by ocean's.
struct Expansion {
  struct Failure: Error { let reason: String }

  private let accounts: Translation.Accounts
  private let defaultHome: String?

  init(_ accounts: Translation.Accounts, defaultHome: String?) {
    (self.accounts, self.defaultHome) = (accounts, accounts.usual["home"]?.value ?? defaultHome)
  }

  /// The home of every account, if one template gives it.
  private var home: String? {
    if let fixed = accounts.fixed["home"]?.value { return fixed }
    let haveOwn = accounts.homes == .inAccounts && accounts.areRead && accounts.homeless < accounts.active
    return haveOwn ? nil : defaultHome
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
      case "u", "user": result += accounts.domains == .none ? "{user}" : "{user}@{domain}"
      case "n", "username": result += "{user}"
      case "d", "domain":
        if accounts.domains == .none, !accounts.namesAreBare { break }
        guard !accounts.namesAreBare else {
          throw Failure(reason: "%d is empty, because names lose their domain")
        }
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
      throw Failure(reason: "'\(result)' is not a path that ocean can take")
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
    guard !isHome else { throw Failure(reason: "a home that refers to itself") }
    guard let home else { return "{home}" }
    return try template(home, isHome: true)
  }

  /// Questions about what is different for some accounts, or may be.
  func questions(on path: String) -> [String] {
    var questions: [String] = []
    let usesHome = path.hasPrefix("~") || path.contains("%h") || path.contains("%{home}")
    let text = path + (usesHome ? home ?? "" : "")
    let usesNames = ["%u", "%{user}", "%Lu"].contains(where: text.contains)
    let usesDomains = usesNames || ["%d", "%{domain}", "%Ld"].contains(where: text.contains)
    if usesNames, accounts.domains == .unknown {
      questions.append(
        "%u is the whole name: {user}@{domain} here, which is only right if every account has a domain")
    }
    if usesDomains, accounts.domains == .some {
      questions.append(
        "\(accounts.domainless) of \(accounts.active) accounts have no domain, and {domain} leads nowhere for them: "
          + "write the paths of their mail into their lines, userdb_mail=maildir:PATH")
    }
    if usesHome, accounts.homes == .none, home == nil {
      questions.append(
        "Dovecot does not know the homes of accounts, and so opens no mailbox: {home} is what their lines say"
      )
    }
    guard usesHome, accounts.homes != .none, accounts.fixed["home"] == nil, let defaultHome else {
      return questions
    }
    if accounts.homes == .elsewhere || !accounts.areRead {
      questions.append(
        "accounts without a home of their own have \(defaultHome), which stands here for all: write {home} if "
          + "lines of "
          + "the passwd-file have homes")
    } else if accounts.homeless > 0, accounts.homeless < accounts.active {
      questions.append(
        "\(accounts.homeless) of \(accounts.active) accounts have no home of their own, and {home} leads "
          + "nowhere for them: "
          + "write what \(defaultHome) is for them into their lines")
    }
    return questions
  }
}
