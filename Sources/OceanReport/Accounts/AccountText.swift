import OceanCompiler
package import OceanControlAPI
package import OceanHost
package import OceanSyntax

/// What `ocean accounts` finds out, for people.
package enum AccountText {
  // MARK: - flush

  /// What was forgotten, one line for each source that had something.
  ///
  /// - Parameter user: whose logins were meant; nil for everybody's.
  package static func text(of forgotten: ForgottenLogins, user: String?) -> String {
    guard !forgotten.sources.isEmpty else {
      return "no account source of the server remembers logins: none has 'cache'"
    }
    guard forgotten.count > 0 else {
      return user.map { "no login of \($0.escapedForDisplay) was remembered" } ?? "no login was remembered"
    }
    return forgotten.sources.filter { $0.forgotten > 0 }.map { source in
      "forgotten: \(counted(source.forgotten, "login")) of \(source.name.escapedForDisplay)"
    }.joined(separator: "\n")
  }

  // MARK: - test

  /// The verdict, then the steps that led to it.
  package static func text(of test: AccountTest, on screen: Screen) -> String {
    var rows = Rows(maxValue: 48)
    var previous: AccountTest.Stage?
    for step in test.steps {
      let time = step.milliseconds.map { " (\(milliseconds($0)))" } ?? ""
      rows.add(
        step.stage == previous ? "" : step.stage.rawValue, step.detail + time,
        at: step.place?.description ?? "",
        style: style(of: step.outcome))
      previous = step.stage
    }
    let verdict = test.succeeds ? screen.paint("LOGGED IN", .good) : screen.paint("NOT LOGGED IN", .error)
    let what = " as \(test.login) at \(test.service) from \(test.peer)".escapedForDisplay
    return (screen.fitted(verdict + what, indent: 2) + [""] + rows.lines(on: screen)).joined(separator: "\n")
  }

  private static func style(of outcome: AccountTest.Outcome) -> Style? {
    switch outcome {
    case .passed: nil
    case .refused: .error
    case .unknown: .warning
    case .skipped: .faint
    }
  }

  /// `0.4 ms`, `52 ms`, `1.8 s`.
  private static func milliseconds(_ time: Double) -> String {
    func tenths(_ value: Double) -> String {
      let tenths = Int((value * 10).rounded())
      return "\(tenths / 10).\(tenths % 10)"
    }
    if time >= 1000 { return "\(tenths(min(time, 1e9) / 1000)) s" }
    return time >= 10 ? "\(Int(time.rounded())) ms" : "\(tenths(time)) ms"
  }

  // MARK: - show

  package static func text(of accounts: [ShownAccount], on screen: Screen) -> String {
    accounts.map { text(of: $0, on: screen) }.joined(separator: "\n\n")
  }

  private static func text(of account: ShownAccount, on screen: Screen) -> String {
    var rows = Rows(maxValue: 48)
    rows.add(
      "account", account.account, at: account.line > 0 ? "\(account.source):\(account.line)" : account.source)
    switch account.state {
    case .active:
      rows.add(
        "state", account.conditions.hasEnded ? "has ended" : "active",
        style: account.conditions.hasEnded ? .error : nil)
    case .disabled: rows.add("state", "disabled", style: .error)
    case .refused:
      rows.add("state", "refused: \(account.reason ?? "its line is not understood")", style: .error)
    }
    if account.state == .active {
      rows.add("password", account.scheme ?? "off", style: account.scheme == nil ? .faint : nil)
    }
    add(account.conditions, to: &rows)
    if let home = account.home { rows.add("home", home) }
    if let maildir = account.maildir { rows.add("mail", maildir) }
    rows.add("asked by", account.services.joined(separator: ", "))
    for password in account.appPasswords {
      rows.addHeading("app password \(password.label)", at: "\(account.source):\(password.line)")
      rows.add("password", password.scheme)
      add(password.conditions, to: &rows)
    }
    return rows.lines(on: screen).joined(separator: "\n")
  }

  private static func add(_ conditions: ShownAccount.Conditions, to rows: inout Rows) {
    if let services = conditions.services { rows.add("services", services.joined(separator: ", ")) }
    if let networks = conditions.networks { rows.add("from", networks.joined(separator: ", ")) }
    if let end = conditions.expires {
      rows.add(
        "expires", end + (conditions.hasEnded ? ": has ended" : ""), style: conditions.hasEnded ? .error : nil
      )
    }
  }

  // MARK: - rehash

  package static func text(of weak: WeakAccounts, on screen: Screen) -> String {
    let rest =
      weak.notLooked.isEmpty
      ? nil
      : "not looked at: accounts of \(weak.notLooked.joined(separator: ", ")), in a database or a directory"
    guard !weak.accounts.isEmpty else {
      return ["every password in a file has a scheme that is not weak", rest].compactMap(\.self)
        .joined(separator: "\n")
    }
    var table = Table([("ACCOUNT", .left), ("APP", .left), ("SCHEME", .left), ("PLACE", .left)])
    for entry in weak.accounts {
      table.add(
        [entry.account, entry.app ?? "-", entry.scheme, "\(entry.source):\(entry.line)"],
        style: entry.canLogIn ? nil : .error)
    }
    let unusable = weak.accounts.count { !$0.canLogIn }
    var sentences = ["A new password for an account: ocean passwd ACCOUNT"]
    if unusable > 0 {
      sentences.insert(
        "With \(unusable == 1 ? "1 of these passwords" : "\(unusable) of these passwords") nobody can log in.",
        at: 0)
    }
    if let rest { sentences.append(rest) }
    return table.text(on: screen) + "\n\n" + sentences.joined(separator: "\n")
  }
}
