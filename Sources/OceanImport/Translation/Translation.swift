import OceanPlan

/// Turns a config of Dovecot into one of ocean, and says what became of everything else.
///
/// Every part takes the settings it looks at out of the sections. `reportRest` reports what is left in the
/// end, so that nothing is passed over in silence.
package struct Translation {
  package internal(set) var findings = Findings()
  package internal(set) var config = ImportedConfig()
  /// Passwords that the config names by their files.
  package internal(set) var secrets: [Secret] = []
  let host: ImportHost
  /// The directory of the config's own file, absolute; nil if that is not known.
  let folder: String?
  let target: String
  let base: DovecotConfig.Section
  /// The field for an account's own Maildir that this Dovecot does not look at, and ocean does.
  let ignoredMailField: String
  var filters: [Scope.Filter]
  /// The mechanisms of AUTH that the service has; nil for the default.
  var mechanisms: [String]?

  /// - Parameters:
  ///   - folder: the directory of the config's file; nil takes the one that `doveconf` printed.
  ///   - target: the directory that ocean's config goes to, where commands write the accounts.
  package init(
    _ source: DovecotConfig, host: ImportHost, folder: String? = nil, target: String = "/etc/ocean"
  ) {
    self.host = host
    self.target = target
    self.folder = folder ?? source.path.flatMap(Self.folder)
    ignoredMailField = source.isLater ? "userdb_mail" : "userdb_mail_path"
    let scope = Scope(source.top)
    (base, filters) = (scope.base, scope.filters)
    findings.addNeedless(scope.otherProtocols, Knowledge.otherProtocols)
    reportSource(source)
    readValues(in: base)
    for filter in filters { readValues(in: filter.section) }

    translateServer()
    let tls = translateTLS()
    let accounts = translateAccounts()
    translateMail(accounts)
    translatePlugins()
    translateServices(tls, accounts)
    reportRest()
  }

  /// Takes the setting, which then counts as looked at; nil if it has its default value.
  func take(_ name: String) -> DovecotConfig.Setting? { base.take(name) }

  /// The passwd-file that a command makes from another file. It must be a different file.
  func accountFile(madeOf source: String = "") -> String {
    let path = "\(target)/users.passwd"
    return path == source ? "\(target)/ocean-users.passwd" : path
  }

  func takeSections(_ kind: String, _ name: String? = nil) -> [DovecotConfig.Section] {
    base.takeSections(kind, name)
  }

  /// - Parameter showingValue: false for what may be a secret.
  mutating func report(
    _ kind: Findings.Kind, _ setting: DovecotConfig.Setting, _ advice: String, showingValue: Bool = true,
    commands: [String] = []
  ) {
    let isShown = showingValue && !setting.isHidden
    findings.add(
      kind, setting.line,
      isShown ? "\(setting.written.name) = \(setting.written.value.trimmed)" : setting.written.name, advice,
      commands: commands)
  }

  mutating func report(
    _ kind: Findings.Kind, line: Int = 0, _ what: String, _ advice: String, commands: [String] = []
  ) {
    findings.add(kind, line, what, advice, commands: commands)
  }

  private mutating func reportSource(_ source: DovecotConfig) {
    for complaint in source.complaints {
      report(.different, line: complaint.line, complaint.text, "what doveconf itself says about the config")
    }
    if let version = source.version, !version.hasPrefix("2.3"), !version.hasPrefix("2.4") {
      report(
        .open, line: 1, "Dovecot \(version)",
        "this import knows Dovecot 2.3 and 2.4: in an earlier one a setting that is not given may have a different default"
      )
    }
  }

  // MARK: - Values in files

  /// Settings that want the file itself, not its contents.
  private static let namesOfFiles: Set<String> = [
    "ssl_cert", "ssl_key", "ssl_key_password", "ssl_alt_cert", "ssl_alt_key", "ssl_ca", "ssl_dh",
    "ssl_client_cert", "ssl_client_key",
  ]

  /// Replaces values like `</etc/dovecot/plugins` by the contents of the file.
  private mutating func readValues(in section: DovecotConfig.Section) {
    for setting in section.settings where !Self.namesOfFiles.contains(setting.name) {
      guard let file = setting.file else { continue }
      let path = located(file).path
      if let bytes = host.read(path), let text = String(validating: bytes, as: UTF8.self) {
        section.replace(setting, with: text.trimmed)
      } else {
        section.remove(setting)
        report(
          .open, setting,
          "its value is in a file that cannot be read here: run this import where the file is, or write what "
            + "is in it in "
            + "place of its name")
      }
    }
    for inner in section.sections { readValues(in: inner) }
  }

  /// The path of a file that a value names. Dovecot looks for a relative path beside the file that names it,
  /// which `doveconf` does not tell.
  func located(_ file: String) -> (path: String, isCertain: Bool) {
    guard !file.hasPrefix("/") else { return (file, true) }
    guard let folder else { return (file, false) }
    let candidates = ["\(folder)/\(file)", "\(folder)/conf.d/\(file)"]
    let present = candidates.filter(host.isFile)
    return present.count == 1 ? (present[0], true) : (candidates[0], false)
  }

  private static func folder(of path: String) -> String? {
    guard path.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return nil }
    return String(path[..<slash])
  }
}
