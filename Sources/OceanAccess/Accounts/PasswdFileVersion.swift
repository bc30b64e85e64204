internal import OceanBase

/// One version of a password file: its whole lines as they were when it was last read from beginning to end, and what has
/// been appended since.
///
/// Both together say what ``PasswdFile`` would say of all of it. So a line that is appended to a large file costs no more
/// than one that is appended to a small one.
struct PasswdFileVersion: Sendable {
  /// The whole lines.
  let base: PasswdFile
  /// What is behind them: appended lines, and perhaps a last one without its end. Nil if there is nothing.
  let tail: PasswdFile?

  let activeCount: Int
  let disabledCount: Int
  let decoy: PasswdFile.Decoy?

  /// Octets of the longest tail: a longer one becomes a part of the base.
  static let maxTailLength = 256 << 10

  /// Splits a file where its last line ends.
  init(parsing contents: SecretBytes, defaultDomain: String?) {
    let end = contents.withUnsafeBytes { bytes in
      bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    }
    if contents.count - end > Self.maxTailLength {
      self.init(PasswdFile(parsing: contents, defaultDomain: defaultDomain))
      return
    }
    let base = PasswdFile(parsing: contents[0..<end], defaultDomain: defaultDomain)
    self.init(base: base, appended: contents[end..<contents.count], defaultDomain: defaultDomain)
  }

  init(base: PasswdFile, appended: SecretBytes, defaultDomain: String?) {
    guard !appended.isEmpty else {
      self.init(base)
      return
    }
    self.init(base, PasswdFile(parsing: appended, defaultDomain: defaultDomain, after: base.lineCount))
  }

  private init(_ base: PasswdFile) {
    (self.base, tail) = (base, nil)
    (activeCount, disabledCount, decoy) = (base.activeCount, base.disabledCount, base.decoy)
  }

  private init(_ base: PasswdFile, _ tail: PasswdFile) {
    (self.base, self.tail) = (base, tail)
    var (active, disabled) = (base.activeCount, base.disabledCount)
    var census = base.census
    func note(_ password: StoredPassword?, _ account: Account) {
      guard let password else { return }
      census[password.scheme, default: PasswdFile.Decoy(password: password, count: 0, line: account.line)]
        .count += 1
    }
    for own in tail.ownAccounts where base.ownAccount(named: own.name) == nil {
      let account = own.adding(Self.appPasswords(of: own.name, base, tail))
      switch account.status {
      case .active: active += 1
      case .disabled: disabled += 1
      case .refused: break
      }
      if own.status != .active, account.status == .active {
        note(account.appPasswords.first?.password, account)
      } else {
        note(own.password, own)
      }
    }
    for name in tail.ownersOfAppPasswords {
      guard base.account(named: name)?.status == .disabled, let own = base.ownAccount(named: name) else {
        continue
      }
      let account = own.adding(Self.appPasswords(of: name, base, tail))
      guard account.status == .active else { continue }
      active += 1
      disabled -= 1
      note(account.appPasswords.first?.password, account)
    }
    (activeCount, disabledCount, decoy) = (active, disabled, PasswdFile.decoy(of: census))
  }

  /// The octets of the file.
  var length: Int { base.length + (tail?.length ?? 0) }

  /// Whether lines can be appended to the base.
  var isAppendable: Bool { base.isEnded }

  /// The account of exactly that name.
  func account(named name: AccountName) -> Account? {
    guard let tail else { return base.account(named: name) }
    return (base.ownAccount(named: name) ?? tail.ownAccount(named: name))?
      .adding(Self.appPasswords(of: name, base, tail))
  }

  private static func appPasswords(of name: AccountName, _ base: PasswdFile, _ tail: PasswdFile)
    -> [AppPassword]
  {
    let first = base.appPasswords(of: name)
    let more = tail.appPasswords(of: name).filter { new in !first.contains { $0.label == new.label } }
    return first + more.prefix(AppPassword.limit - first.count)
  }

  /// The reason why the account of that name is refused, in a sentence; nil if it is not refused.
  func refusal(of name: AccountName) -> String? {
    base.ownAccount(named: name) == nil ? tail?.refusal(of: name) : base.refusal(of: name)
  }

  func answer(_ question: AccountQuestion) -> SourceAnswer {
    let decoy = decoy.map { SourceAnswer.Decoy(password: $0.password, count: $0.count) }
    for name in question.names {
      guard let account = account(named: name) else { continue }
      return SourceAnswer(
        .account(account), decoy: decoy, reason: account.status == .refused ? refusal(of: name) : nil)
    }
    return SourceAnswer(.nobody, decoy: decoy)
  }
}
