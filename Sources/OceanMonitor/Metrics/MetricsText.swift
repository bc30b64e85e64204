/// Metrics in the text format of Prometheus, version 0.0.4.
package struct MetricsText {
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  package private(set) var text = ""

  private enum Kind: String { case counter, gauge, histogram }

  private typealias Label = (name: StaticString, value: String)

  package init(_ snapshot: MonitorSnapshot) {
    text.reserveCapacity(16 * 1024)
    addProcess(snapshot)
    addConnections(snapshot)
    addLogins(snapshot)
    addMail(snapshot)
    addTLS(snapshot)
    addBackends(snapshot)
    addSharedState(snapshot)
    addServer(snapshot)
    addPlan(snapshot)
  }

  // MARK: - Metrics

  private mutating func addProcess(_ snapshot: MonitorSnapshot) {
    begin("ocean_build_info", .gauge, "The version of the program; always 1.")
    sample([("version", snapshot.version)], 1)
    begin("process_start_time_seconds", .gauge, "When the server started, in seconds since 1970.")
    sample([], Int(snapshot.started))
  }

  private mutating func addConnections(_ snapshot: MonitorSnapshot) {
    let counts = sortedCounts(snapshot)
    begin(
      "ocean_connections_total", .counter,
      "Connections that were let in; tls: what the listener begins with, implicit or none.")
    for (name, service) in counts {
      sample([("service", name), ("tls", "implicit")], service.implicitTLS)
      sample([("service", name), ("tls", "none")], service.withoutTLS)
    }
    begin("ocean_connections", .gauge, "Connections that are open now, by the state of their session.")
    for service in snapshot.services {
      for state in MonitorSnapshot.SessionState.allCases.map(\.rawValue) {
        sample([("service", service.name), ("state", state)], service.sessions[state] ?? 0)
      }
    }
    begin(
      "ocean_connections_limit", .gauge, "The most connections that a service may have (max_connections).")
    for service in snapshot.services { sample([("service", service.name)], service.maxSessions) }
    begin("ocean_refusals_total", .counter, "Connections that were not let in, or had to give way.")
    for (name, service) in counts {
      for (reason, count) in service.refusals.sorted(by: { $0.key < $1.key }) {
        sample([("service", name), ("reason", reason)], count)
      }
    }
    begin(
      "ocean_monitor_refusals_total", .counter,
      "Connections to the monitor that its ip_control did not let in.")
    for (reason, count) in snapshot.monitorRefusals.sorted(by: { $0.key < $1.key }) {
      sample([("reason", reason)], count)
    }
  }

  private mutating func addLogins(_ snapshot: MonitorSnapshot) {
    begin("ocean_logins_total", .counter, "Logins by how they ended.")
    for (name, service) in sortedCounts(snapshot) {
      for mechanism in Set(service.logins.keys.map(\.mechanism)).union(["user"]).sorted() {
        for result in MonitorCounters.LoginResult.allCases {
          let login = MonitorCounters.Login(mechanism: mechanism, result: result)
          sample(
            [("service", name), ("mechanism", mechanism), ("result", result.rawValue)],
            service.logins[login] ?? 0)
        }
      }
    }
    begin(
      "ocean_login_duration_seconds", .histogram,
      "From the password to the opened mailbox, or to the end of the login; without the delay of a wrong one."
    )
    sample(snapshot.counters.loginDuration)
    begin(
      "ocean_login_failures_total", .counter,
      "Wrong passwords; counted: whether they count against the client's address.")
    sample([("counted", "true")], snapshot.counters.countedFailures)
    sample([("counted", "false")], snapshot.counters.uncountedFailures)
    begin("ocean_blocked_addresses", .gauge, "Addresses that are blocked now.")
    sample([], snapshot.blocked)
    begin("ocean_blocks_total", .counter, "How often an address was blocked.")
    sample([], snapshot.blocksMade)
  }

  private mutating func addMail(_ snapshot: MonitorSnapshot) {
    let counters = snapshot.counters
    begin("ocean_commands_total", .counter, "Commands that were answered.")
    for (name, count) in zip(snapshot.commandNames, counters.commands) {
      sample([("command", name), ("result", "ok")], count.ok)
      sample([("command", name), ("result", "error")], count.failed)
    }
    begin("ocean_messages_retrieved_total", .counter, "Messages that were sent whole (RETR).")
    sample([], counters.messagesRetrieved)
    begin("ocean_retrieved_bytes_total", .counter, "Octets of messages that were sent (RETR and TOP).")
    sample([], UInt64: counters.retrievedBytes)
    begin("ocean_messages_removed_total", .counter, "Messages that QUIT removed.")
    sample([], counters.messagesRemoved)
    begin("ocean_removals_failed_total", .counter, "Messages that QUIT should have removed and could not.")
    sample([], counters.removalsFailed)
  }

  private mutating func addTLS(_ snapshot: MonitorSnapshot) {
    begin("ocean_tls_handshakes_total", .counter, "TLS handshakes, by the version that was agreed on.")
    let handshakes = snapshot.counters.handshakes.sorted {
      ($0.key.version ?? "", $0.key.isResumed ? 1 : 0) < ($1.key.version ?? "", $1.key.isResumed ? 1 : 0)
    }
    for (handshake, count) in handshakes {
      sample(
        [
          ("version", handshake.version ?? "none"), ("resumed", "\(handshake.isResumed)"),
          ("result", "ok"),
        ], count)
    }
    sample(
      [("version", "none"), ("resumed", "false"), ("result", "failed")], snapshot.counters.handshakesFailed)
    begin(
      "ocean_certificate_not_after_timestamp_seconds", .gauge,
      "When a certificate that is presented expires, in seconds since 1970.")
    for certificate in snapshot.certificates {
      sample([("certificate", certificate.name)], Int(certificate.notAfter))
    }
  }

  private mutating func addBackends(_ snapshot: MonitorSnapshot) {
    guard !snapshot.backends.isEmpty else { return }
    begin(
      "ocean_backend_requests_total", .counter,
      "Questions to account sources outside of the server, by what the answer was.")
    for backend in snapshot.backends {
      for (result, count) in backend.results {
        sample([("source", backend.name), ("result", result)], count)
      }
    }
    begin(
      "ocean_backend_request_duration_seconds", .histogram,
      "From a question to an account source to its answer, with the wait for a connection.")
    for backend in snapshot.backends { sample(backend.duration, [("source", backend.name)]) }
    begin("ocean_backend_up", .gauge, "1 if an account source outside of the server answers.")
    for backend in snapshot.backends { sample([("source", backend.name)], backend.trouble == nil ? 1 : 0) }
    let caches = snapshot.backends.compactMap { backend in backend.remembered.map { (backend.name, $0) } }
    guard !caches.isEmpty else { return }
    begin(
      "ocean_backend_remembered_logins_total", .counter,
      "Logins that were let in because an account source let them in shortly before.")
    for (name, remembered) in caches { sample([("source", name)], remembered.answered) }
    begin("ocean_backend_cached_logins", .gauge, "Logins that are remembered for an account source.")
    for (name, remembered) in caches { sample([("source", name)], remembered.logins) }
  }

  private mutating func addSharedState(_ snapshot: MonitorSnapshot) {
    guard let shared = snapshot.sharedState else { return }
    begin(
      "ocean_shared_state_up", .gauge, "1 if failures and blocks are counted together with other servers.")
    sample([], shared.trouble == nil ? 1 : 0)
    begin(
      "ocean_shared_state_exchanges_total", .counter,
      "Commands with which this server told Valkey or Redis what is new, and was told, by the result.")
    sample([("result", "ok")], shared.exchanges)
    sample([("result", "error")], shared.failedExchanges)
    begin("ocean_shared_state_waiting", .gauge, "Failures and blocks that other servers were not told yet.")
    sample([], shared.waiting)
    begin(
      "ocean_shared_state_dropped_failures_total", .counter,
      "Failures that only this server counted, because too many waited to be told.")
    sample([], shared.droppedFailures)
  }

  private mutating func addServer(_ snapshot: MonitorSnapshot) {
    begin("ocean_pool_waiting", .gauge, "Pieces of work that wait for a thread.")
    for pool in snapshot.pools { sample([("pool", pool.name)], pool.waiting) }
    begin("ocean_log_lines_dropped_total", .counter, "Lines of the access log that could not be written.")
    sample([], snapshot.droppedLogLines)
  }

  private mutating func addPlan(_ snapshot: MonitorSnapshot) {
    let plan = snapshot.plan
    begin(
      "ocean_plan_info", .gauge,
      "The running plan; policy: what was decided for all nodes, whatever lists and certificates hold; always 1."
    )
    sample(
      [
        ("digest", plan.digest), ("policy", plan.policy ?? ""),
        ("state", plan.waiting == nil ? "confirmed" : "unconfirmed"),
      ], 1)
    if let waiting = plan.waiting {
      begin(
        "ocean_plan_reverts_timestamp_seconds", .gauge,
        "When the running plan is reverted unless it is confirmed, in seconds since 1970; absent otherwise.")
      sample([], Int(waiting.revertsAt))
    }
    guard let config = snapshot.config else { return }
    begin("ocean_config_drift", .gauge, "1 if the file is another plan than the one that runs.")
    sample([], config.isOther ? 1 : 0)
    begin("ocean_config_valid", .gauge, "1 if a restart would start with the file as it is now.")
    sample([], config.problem == nil ? 1 : 0)
    begin("ocean_config_last_reload_successful", .gauge, "1 if the last reload succeeded, or there was none.")
    sample([], config.lastReloadSucceeded ? 1 : 0)
  }

  /// The counts of every service that runs, and of those that ran.
  private func sortedCounts(_ snapshot: MonitorSnapshot) -> [(String, MonitorCounters.Service)] {
    var counts = snapshot.counters.services
    for service in snapshot.services where counts[service.name] == nil {
      counts[service.name] = MonitorCounters.Service()
    }
    return counts.sorted { $0.key < $1.key }
  }

  // MARK: - Text

  private var name: StaticString = ""

  private mutating func begin(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
    self.name = name
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  private mutating func sample(_ labels: [Label], _ value: Int) { sample("", labels, "\(value)") }

  private mutating func sample(_ labels: [Label], UInt64 value: UInt64) { sample("", labels, "\(value)") }

  private mutating func sample(_ suffix: StaticString, _ labels: [Label], _ value: String) {
    text += "\(name)\(suffix)"
    for (place, label) in labels.enumerated() {
      text += place == 0 ? "{" : ","
      text += "\(label.name)=\""
      append(labelValue: label.value)
      text += "\""
    }
    if !labels.isEmpty { text += "}" }
    text += " \(value)\n"
  }

  private mutating func sample(_ histogram: Histogram, _ labels: [Label] = []) {
    var count = 0
    for (place, number) in histogram.buckets.enumerated() {
      count += number
      let bound = place < Histogram.bounds.count ? Self.seconds(Histogram.bounds[place] * 1_000_000) : "+Inf"
      sample("_bucket", labels + [("le", bound)], "\(count)")
    }
    sample("_sum", labels, Self.seconds(histogram.nanoseconds))
    sample("_count", labels, "\(count)")
  }

  /// Seconds with as many decimals as it takes: `0.005`.
  private static func seconds(_ nanoseconds: Int64) -> String {
    let (whole, rest) = max(0, nanoseconds).quotientAndRemainder(dividingBy: 1_000_000_000)
    guard rest > 0 else { return "\(whole)" }
    let digits = String(rest)
    var decimals = String(repeating: "0", count: 9 - digits.utf8.count) + digits
    while decimals.hasSuffix("0") { decimals.removeLast() }
    return "\(whole).\(decimals)"
  }

  private mutating func append(labelValue value: String) {
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}
