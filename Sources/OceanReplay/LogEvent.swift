import OceanAccess
import OceanAddresses
import OceanBase
import OceanPlan

/// One line of an access log: a connection, or a login that failed. Names and addresses are numbers in a
/// ``LogReader``. Many events wait in memory, so this is small.
package struct LogEvent: Sendable, Hashable {
  package enum Kind: UInt8, Sendable {
    /// A client that was let in.
    case session
    /// A session that a block ended.
    case blockedSession
    /// A proxy that spoke for itself.
    case healthCheck
    /// A client that a rule refused.
    case refusedByRule
    case refusedByBlock
    /// A client that was refused by a limit that the log tells all about.
    case refusedByLimit
    /// A wrong password.
    case failedLogin
    /// A refusal for reasons that are not in the log, such as how many connections had not logged in.
    case unexplainedRefusal
    /// Something that no decision depends on, such as a login to a mailbox that was in use.
    case other
    /// An event that this version does not know.
    case unknown

    /// Whether a connection was let in.
    var isSession: Bool {
      switch self {
      case .session, .blockedSession, .healthCheck: true
      default: false
      }
    }
  }

  package let kind: Kind
  /// The line's own time, in milliseconds since 1970: the end of a session.
  package let time: Int64
  /// When the connection was made; the line's time if the line does not say for how long it was open.
  let start: Int64
  /// Whether the line says for how long the connection was open.
  let hasDuration: Bool
  /// Whether the time has no fraction of a second.
  let isCoarse: Bool
  private let hasUser: Bool
  private let userNumber: UInt32
  private let clientNumber: UInt32
  private let connectionNumber: UInt32

  init(
    _ kind: Kind, at time: Int64, isCoarse: Bool, milliseconds: Int64?, client: Int, connection: Int,
    user: UInt32?
  ) {
    self.kind = kind
    self.time = time
    start = time - (milliseconds ?? 0)
    hasDuration = milliseconds != nil
    self.isCoarse = isCoarse
    hasUser = user != nil
    userNumber = user ?? 0
    clientNumber = UInt32(truncatingIfNeeded: client)
    connectionNumber = UInt32(truncatingIfNeeded: connection)
  }

  /// The user of a session that logged in. For a failed login, a hash of the name that was tried.
  var user: UInt32? { hasUser ? userNumber : nil }
  var client: Int { Int(clientNumber) }
  /// The client with its route, as one number.
  var connection: Int { Int(connectionNumber) }

  /// How much the start may be another one, in milliseconds.
  var tolerance: Int64 { isCoarse ? 1000 : 1 }

  /// When it happened: for a session, when it began.
  var moment: Int64 { kind.isSession ? start : time }
}

extension [LogEvent] {
  /// The places of the events in the order of their moments; of equal ones, the first comes first.
  var placesByMoment: ContiguousArray<UInt64> {
    var (start, end) = (Int64.max, Int64.min)
    for event in self { (start, end) = (Swift.min(start, event.moment), Swift.max(end, event.moment)) }
    let width = UInt64.bitWidth - UInt64(truncatingIfNeeded: count).leadingZeroBitCount
    // The moment, and below it the place: a number for each event. No two times of a log are so far apart that they
    // do not fit.
    guard UInt64(bitPattern: end &- start).leadingZeroBitCount >= width else {
      return ContiguousArray(
        indices.sorted { (self[$0].moment, $0) < (self[$1].moment, $1) }
          .map { UInt64(truncatingIfNeeded: $0) })
    }
    var order = ContiguousArray<UInt64>()
    order.reserveCapacity(count)
    for (place, event) in enumerated() {
      order.append(UInt64(bitPattern: event.moment &- start) << width | UInt64(truncatingIfNeeded: place))
    }
    order.radixSort { $0 >> width }
    let places = UInt64(1) << width &- 1
    for index in order.indices { order[index] &= places }
    return order
  }
}

/// How a connection came to the server.
struct LogRoute: Hashable {
  let service: Int
  /// The proxy's number among the clients.
  let proxy: Int?
  let local: Int?
  let tls: Int?
  /// Whether the client logged in, or tried to.
  let isLogin: Bool
  let isHealthCheck: Bool
}

/// Why a line is not an event.
package enum LogLineFault: Error, Sendable, Hashable {
  /// It is not JSON, or not of a log at all.
  case broken
  /// It is not JSON, and does not have its end: the log may be written just now.
  case cutOff
  /// It has nothing but white space.
  case blank
  /// It is longer than any line that is read.
  case tooLong
  /// It is JSON without the fields, or with other values, as another program or version may write it.
  case foreign
}
