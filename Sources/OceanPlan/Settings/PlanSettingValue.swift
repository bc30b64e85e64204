package import OceanAddresses

extension Plan {
  /// A value of a plan, with its path.
  package struct Setting: Sendable, Hashable {
    package let path: SettingPath
    /// Nil if there is no value, such as no access log.
    package let value: Value?

    package enum Value: Sendable, Hashable {
      case text(String)
      case addresses(AddressSet)
      /// The value of `server.limits.except`.
      case exceptions([Server.Limits.Exception])
      /// The value of `ends`.
      case ends([End])
    }

    init(_ path: SettingPath, _ value: Value?) {
      self.path = path
      self.value = value
    }
  }
}

extension Plan.Setting {
  /// The setting itself. For `server.limits.except`: a setting for each number, `server.limits.except.200`,
  /// with the addresses it holds for. For `ends`: a setting for each time and list.
  package var parts: [Plan.Setting] {
    switch value {
    case .exceptions(let exceptions):
      exceptions.map { Plan.Setting(path.appending("\($0.connectionsPerIP)"), .addresses($0.from)) }
    case .ends(let ends):
      ends.map { Plan.Setting(path.appending("\($0.at)"), .text("\($0.leaving.summary) of \($0.list)")) }
    case .text, .addresses, nil: [self]
    }
  }
}

extension Plan.Setting.Value {
  /// The value in words, long sets by their numbers.
  package var text: String { text { $0.summary } }

  /// The value in words, to the last address: different values have different texts.
  var wholeText: String {
    text { $0.isEmpty ? "none" : $0 == .all ? "everywhere" : $0.shortDescription }
  }

  private func text(_ words: (AddressSet) -> String) -> String {
    switch self {
    case .text(let text): text
    case .addresses(let addresses): words(addresses)
    case .exceptions(let exceptions):
      exceptions.map { "\(words($0.from)): \($0.connectionsPerIP)" }.joined(separator: "; ")
    case .ends(let ends): ends.map { $0.text(words) }.joined(separator: "; ")
    }
  }

  /// A value and its successor: `10m -> 20m`; `20m` for a new value, `no longer 10m` for one that goes.
  package static func text(_ before: Self?, _ after: Self?) -> String {
    switch (before, after) {
    // The numbers of addresses do not show which ones.
    case (.addresses(let old)?, .addresses(let new)?) where old.isLong || new.isLong:
      "\(old.summary) -> \(new.summary); new: \(new.subtracting(old).summary); gone: \(old.subtracting(new).summary)"
    case (let before?, let after?): "\(before.text) -> \(after.text)"
    case (let before?, nil): "no longer \(before.text)"
    case (nil, let after): after?.text ?? ""
    }
  }
}
