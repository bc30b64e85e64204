import OceanAccess
import OceanAddresses
import OceanPlan
import OceanPOP3
import OceanStore
import OceanTLS
import NIOCore
import Synchronization

/// A service's settings at this moment; replaced as a whole when a plan is applied.
final class ServiceSettings: Sendable {
  let plan: Plan.Service
  let hostname: String
  /// Asked at each login.
  let accounts: AccountDirectory
  let maildir: MailTemplate
  let uidls: UIDLScheme
  let locks: LockPlace
  /// The certificates presented in handshakes from now on; nil without TLS.
  let contexts: TLSContextSet?
  let access: AccessPolicy
  let log: ClientLog
  /// The digest of the plan the settings belong to, for the access log.
  let digest: String

  init(
    plan: Plan.Service, of whole: Plan, access: AccessPolicy, accounts: AccountDirectory, uidls: UIDLScheme,
    contexts: TLSContextSet?, log: ClientLog, digest: Digest
  ) {
    self.plan = plan
    self.access = access
    hostname = whole.server.hostname
    self.accounts = accounts
    maildir = whole.mail.maildir
    locks = LockPlace(whole.mail)
    self.uidls = uidls
    self.contexts = contexts
    self.log = log
    self.digest = digest.short
  }

  /// The TLS handler for one connection.
  func tlsHandler(_ contexts: TLSContextSet) -> TLSServerHandler {
    TLSServerHandler(
      contexts: contexts, handshakeTimeout: .seconds(Int64(plan.limits.handshakeSeconds)))
  }

  /// The policy that a session keeps from the moment it is accepted.
  ///
  /// - Parameter isHealthCheck: whether a proxy asks for itself; it has nothing to do with anybody's mail.
  func policy(for peer: IPAddress, isHealthCheck: Bool) -> SessionPolicy {
    var policy = SessionPolicy(
      hostname: hostname, implementation: "ocean",
      plaintextLoginAllowed: plan.plaintextLogin.contains(peer),
      startTLSOffered: contexts != nil && plan.tls?.explicit != .off)
    policy.loginOffered = !isHealthCheck
    policy.mechanisms = plan.sasl.map { $0.mechanism.rawValue.uppercased() }
    policy.plaintextMechanisms = plan.sasl.filter(\.isWithoutTLS).map { $0.mechanism.rawValue.uppercased() }
    policy.maxLoginAttempts = plan.limits.loginAttempts
    policy.maxBadCommands = plan.limits.badCommands
    policy.maxLineLength = plan.limits.lineOctets
    return policy
  }
}

/// A running service. It outlives plans, so that its count of sessions does.
final class Service: Sendable {
  let name: String
  private let current: Mutex<ServiceSettings>
  private let sessions = Atomic(0)
  private let retired = Atomic(false)
  private let refusals = Mutex(HourlyCount())

  init(name: String, settings: ServiceSettings) {
    self.name = name
    current = Mutex(settings)
  }

  var settings: ServiceSettings { current.withLock { $0 } }

  /// - Returns: the settings before; freeing them takes a while if address lists are long.
  func update(_ settings: ServiceSettings) -> ServiceSettings {
    current.withLock { current in
      defer { current = settings }
      return current
    }
  }

  /// Whether no plan has the service any more. Its sessions go on; those that are not logged in cannot log
  /// in.
  var isRetired: Bool {
    get { retired.load(ordering: .relaxed) }
    set { retired.store(newValue, ordering: .relaxed) }
  }

  var sessionCount: Int { sessions.load(ordering: .relaxed) }

  /// Counts a connection that was not let in, for whatever reason.
  func refused(at now: NIODeadline) { refusals.withLock { $0.add(at: now) } }

  /// How many connections were not let in during the last hour.
  func refusals(at now: NIODeadline) -> Int { refusals.withLock { $0.total(at: now) } }

  /// A place for one more session, or nil if all are taken. The count is exact, however many loops ask at
  /// once.
  func admit(limit: Int) -> SessionPermit? {
    let count = sessions.wrappingAdd(1, ordering: .relaxed).newValue
    guard count <= limit else {
      sessions.wrappingSubtract(1, ordering: .relaxed)
      return nil
    }
    return SessionPermit(self)
  }

  /// One session's place among those of its service; given back when this object goes, if not before.
  final class SessionPermit: Sendable {
    private let service: Service
    private let isHeld = Atomic(true)

    fileprivate init(_ service: Service) { self.service = service }

    deinit { giveBack() }

    /// Gives back the place, once; further calls do nothing.
    func giveBack() {
      guard isHeld.exchange(false, ordering: .relaxed) else { return }
      service.sessions.wrappingSubtract(1, ordering: .relaxed)
    }
  }
}
