/// A row of the catalogue: everything that a plan knows about one of its settings.
///
/// The rows give the plan file and its keys, the digest, the check for saved plans that no config compiles
/// to, the rows of a diff with their classes, directions and effects, the address lists that a rollback brings up to
/// date, what is left out of the policy of several nodes, and docs/plan-file.md. The compiler's row of the same setting takes key, range and default from
/// here.
package struct PlanSetting<Root: PlanSection, Value: Sendable>: Sendable {
  package typealias Path = any WritableKeyPath<Root, Value> & Sendable

  package let key: String
  package var path: Path { makePath() }
  package let type: PlanValue<Value>
  let changeClass: ClassRule
  let effect: SettingEffect?
  let owner: SettingOwner<Value>
  let direction: DirectionRule<Root, Value>
  /// The words of `explain` about a client whose address is on the list, if it says anything.
  let explanation: ListExplanation?
  /// Whether the sets of clients (``WayIn``) tell all that a change of it means.
  let isOfWayIn: Bool
  /// Makes the path to the value when it is needed: that takes longer than all else here.
  let makePath: @Sendable () -> Path

  init(
    _ key: String, _ path: @autoclosure @escaping @Sendable () -> Path, _ type: PlanValue<Value>,
    _ changeClass: ClassRule,
    _ effect: SettingEffect? = nil, owner: SettingOwner<Value>, direction: DirectionRule<Root, Value>,
    explanation: ListExplanation? = nil, isOfWayIn: Bool = false
  ) {
    self.key = key
    makePath = path
    self.type = type
    self.changeClass = changeClass
    self.effect = effect
    self.owner = owner
    self.direction = direction
    self.explanation = explanation
    self.isOfWayIn = isOfWayIn
  }

  /// The value in a plan whose config does not set it: the initial value of the stored property.
  package var defaultValue: Value { Root.blank[keyPath: path] }

  package func path(in section: SettingPath) -> SettingPath { section.appending(key) }
}

extension PlanSetting where Value == Int {
  /// The range that the number may have.
  package var range: ClosedRange<Int> { type.range ?? 0...0 }
}

extension PlanSetting where Root == Plan.Service {
  package func path(of service: String) -> SettingPath { path(in: .service(service)) }
}

/// A part of a plan with keys of its own, which its rows read and write.
package protocol PlanSection: Sendable, Hashable, Codable {
  /// A section in which nothing has been set: settings with a default have it.
  static var blank: Self { get }
  static var rows: [PlanRow<Self>] { get }
}

extension PlanSection {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: SettingKey.self)
    self = .blank
    for row in Self.rows { try row.read(container, &self) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: SettingKey.self)
    for row in Self.rows { try row.write(self, &container) }
  }
}

struct ListExplanation: Sendable {
  let stage: Explanation.Stage
  let text: String
}

/// The time when a change of a setting takes effect, for clients that are or will be connected.
enum SettingEffect: Sendable, Hashable {
  /// After a restart: the value holds for the life of the process.
  case restart
  case newSessions
  case newConnections
  case nextLogin
  case handshakes
  /// At once, but connected clients stay.
  case counts
  case other(String)

  var text: String {
    switch self {
    case .restart: "needs a restart"
    case .newSessions: "for sessions that connect from now on"
    case .newConnections: "for connections from now on"
    case .nextLogin: "from the next login on"
    case .handshakes: "in handshakes from now on"
    case .counts: "applies at once; open connections stay"
    case .other(let text): text
    }
  }
}

/// The rule for the class of a setting's change.
enum ClassRule: Sendable {
  case always(ChangeClass)
  /// A value that is on one side alone only if its service comes or goes.
  case service(otherwise: ChangeClass)
  /// Whether a service runs.
  case running
  /// A certificate's value: it is renewed, if nothing else of it differs.
  case certificate

  static let limits = always(.limits)
  static let server = always(.server)
  static let accounts = always(.accounts)
  static let tls = always(.tls)
  static let ipControl = always(.ipControl)
  static let antiHammering = always(.antiHammering)
  static let sasl = always(.sasl)

  /// The class if both plans have the value.
  var usual: ChangeClass {
    switch self {
    case .always(let changeClass), .service(let changeClass): changeClass
    case .running: .serviceAdded
    case .certificate: .certificate
    }
  }

  func changeClass(
    _ before: Plan.Setting.Value?, _ after: Plan.Setting.Value?, isRenewal: Bool
  ) -> ChangeClass {
    switch self {
    case .always(let changeClass): return changeClass
    case .certificate: return isRenewal ? .certificateRenewed : .certificate
    case .service(let otherwise):
      return before == nil ? .serviceAdded : after == nil ? .serviceRemoved : otherwise
    case .running:
      if before == nil || after == nil { return before == nil ? .serviceAdded : .serviceRemoved }
      return after == .text("true") ? .serviceAdded : .serviceRemoved
    }
  }
}
