import OceanBase

/// The page about what the server does: one file of HTML, which loads nothing and runs nothing.
package struct Page {
  package static let contentType = "text/html; charset=utf-8"

  private let snapshot: MonitorSnapshot
  private let isStill: Bool

  /// - Parameter isStill: whether it stays as it is until somebody loads it again.
  package init(_ snapshot: MonitorSnapshot, isStill: Bool) {
    (self.snapshot, self.isStill) = (snapshot, isStill)
  }

  package var text: String {
    let refresh: HTML = isStill ? "" : "<meta http-equiv=\"refresh\" content=\"60\">"
    let page: HTML = """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>\(snapshot.hostname): ocean</title>
      <meta name="viewport" content="width=device-width,initial-scale=1">\(refresh)
      <style>\(HTML(stringLiteral: PageStyle.text))</style></head>
      <body><a class="skip" href="#notes">Skip to what needs attention</a>
      \(header)<main>
      \(tiles)\(notes)\(services)\(charts)
      <div class="pair">\(certificates)\(plan)</div>
      \(blocks)\(sessions)\(history)
      </main>\(footer)</body></html>

      """
    return page.text
  }

  // MARK: - Head and foot

  private var header: HTML {
    let state: HTML =
      snapshot.isDraining
      ? "<span class=\"badge warn\">draining</span>" : "<span class=\"badge good\">serving</span>"
    return """
      <header><h1>\(snapshot.hostname)</h1>\(state)\
      <span class="soft">up \(Self.span(snapshot.now - snapshot.started)), plan <code>\(snapshot.plan.digest)</code></span></header>
      """
  }

  private var footer: HTML {
    let other: HTML =
      isStill
      ? "This page stays as it is. <a href=\"/\">Load it again every minute</a>."
      : "Loaded again every minute. <a href=\"/?still\">Leave it as it is</a>."
    return """
      <footer><p>ocean \(snapshot.version). As of \(Self.time(snapshot.now)), all times UTC. \(other) \
      <a href="/metrics">Metrics</a></p></footer>
      """
  }

  private var tiles: HTML {
    let sessions = snapshot.services.reduce(0) { $0 + $1.sessionCount }
    let loggedIn = snapshot.services.reduce(0) { $0 + ($1.sessions["transaction"] ?? 0) }
    let day = snapshot.activity
    let days = snapshot.certificates.map { Self.days($0.notAfter - snapshot.now) }.min()
    return """
      <ul class="tiles" aria-label="At a glance">
      <li><b>\(sessions)</b> sessions, \(loggedIn) logged in</li>
      <li><b>\(Self.short(day.reduce(0) { $0 + $1.logins }))</b> logins in 24 h</li>
      <li><b>\(Self.short(day.reduce(0) { $0 + $1.refusals }))</b> refused in 24 h</li>
      <li><b>\(snapshot.blocked)</b> blocked \(snapshot.blocked == 1 ? "address" : "addresses")</li>
      <li><b>\(days.map { "\($0)" } ?? "–")</b> days left of \(days == nil ? "certificates: none" : "the next certificate")</li>
      </ul>
      """
  }

  // MARK: - Attention

  private var notes: HTML {
    let found = PageNotes(snapshot).notes
    let rows = found.map { note -> HTML in
      let style: HTML = note.isUrgent ? "bad" : "warn"
      return "<li class=\"\(style)\">\(note.text)</li>"
    }
    let body: HTML =
      found.isEmpty
      ? "<ul class=\"notes\"><li class=\"good\">Nothing needs attention.</li></ul>"
      : "<ul class=\"notes\">\(rows)</ul>"
    return "<section id=\"notes\" tabindex=\"-1\"><h2>Attention</h2>\(body)</section>"
  }

  // MARK: - Services

  private var services: HTML {
    let rows = snapshot.services.map { service -> HTML in
      let counts = snapshot.counters.services[service.name]
      let listeners = service.listeners.map { listener -> HTML in "<code class=\"each\">\(listener)</code> " }
      let count = service.sessionCount
      return """
        <tr><th scope="row">\(service.name)</th><td>\(listeners)</td>\
        <td class="wide"><meter min="0" max="\(service.maxSessions)" value="\(min(count, service.maxSessions))" \
        aria-label="\(count) of \(service.maxSessions) sessions"></meter></td>\
        <td class="n">\(count) of \(service.maxSessions)</td>\
        <td class="n">\(counts?.loginsOK ?? 0)</td><td class="n">\(counts?.loginsFailed ?? 0)</td>\
        <td class="n">\(service.refused)</td></tr>
        """
    }
    return """
      <section><h2>Services</h2>\(Self.scroll("Services"))<table><caption>Logins since the server started, refusals of the last \
      hour</caption><thead><tr><th scope="col">Service</th><th scope="col">Listeners</th>\
      <th scope="col" class="wide">Places taken</th><th scope="col" class="n">Sessions</th><th scope="col" class="n">Logins</th>\
      <th scope="col" class="n">Failed</th><th scope="col" class="n">Refused</th></tr></thead><tbody>\(rows)</tbody></table></div>
      </section>
      """
  }

  private var charts: HTML {
    let day = snapshot.activity
    let charts = [
      PageChart(
        title: "Sessions", unit: "open at a time", series: [.init(name: "sessions", value: \.sessions)],
        buckets: day, isLevel: true),
      PageChart(
        title: "Logins", unit: "in five minutes; failed ones in red, on top",
        series: [.init(name: "ok", value: \.logins), .init(name: "failed", value: \.failedLogins)],
        buckets: day, isLevel: false),
      PageChart(
        title: "Refused connections", unit: "in five minutes",
        series: [.init(name: "refused", value: \.refusals)], buckets: day, isLevel: false, isGood: false),
    ].map(\.html)
    return "<section><h2>The last 24 hours</h2>\(charts)</section>"
  }

  // MARK: - Certificates and plan

  private var certificates: HTML {
    guard !snapshot.certificates.isEmpty else {
      return "<section><h2>Certificates</h2><p>No service presents one.</p></section>"
    }
    let rows = snapshot.certificates.sorted { $0.notAfter < $1.notAfter }.map { certificate -> HTML in
      let days = Self.days(certificate.notAfter - snapshot.now)
      let style: HTML = days < 7 ? "badge bad" : days < 30 ? "badge warn" : "badge good"
      return """
        <tr><th scope="row">\(certificate.name)</th><td class="n"><span class="\(style)">\(days)</span></td>\
        <td class="time">\(Self.time(certificate.notAfter))</td></tr>
        """
    }
    return """
      <section><h2>Certificates</h2>\(Self.scroll("Certificates"))<table><caption>Those that are presented, the next to expire \
      first</caption><thead><tr><th scope="col">Certificate</th><th scope="col" class="n">Days left</th>\
      <th scope="col">Expires</th></tr></thead><tbody>\(rows)</tbody></table></div></section>
      """
  }

  private var plan: HTML {
    let plan = snapshot.plan
    let state: HTML =
      if let waiting = plan.waiting {
        "<span class=\"badge bad\">not confirmed</span> reverts to <code>\(waiting.previous)</code> at \(Self.time(waiting.revertsAt))"
      } else {
        "<span class=\"badge good\">confirmed</span>"
      }
    var drift: HTML = "not looked at yet"
    if let config = snapshot.config {
      drift =
        if let problem = config.problem {
          "<span class=\"badge bad\">a restart would fail</span> \(problem)"
        } else if config.isOther {
          "<span class=\"badge warn\">another plan</span> <code>\(config.digest ?? "")</code>, which a reload would apply"
        } else {
          "<span class=\"badge good\">the same</span> as of \(Self.time(config.checked))"
        }
    }
    let end: HTML = plan.nextEnd.map { "<dt>Next end of a rule</dt><dd>\($0)</dd>" } ?? ""
    let policy: HTML = plan.policy.map { "<dt>Policy</dt><dd><code>\($0)</code></dd>" } ?? ""
    return """
      <section><h2>Running plan</h2><dl><dt>Plan</dt><dd><code>\(plan.digest)</code></dd>\(policy)\
      <dt>State</dt><dd>\(state)</dd><dt>File</dt><dd><code>\(plan.file)</code></dd>\
      <dt>File and plan</dt><dd>\(drift)</dd>\(end)</dl></section>
      """
  }

  // MARK: - People

  private var blocks: HTML {
    guard let people = snapshot.people else {
      return """
        <section><h2>Blocks and sessions</h2><p>\(snapshot.blocked) blocked. Who it is, and who is connected, is shown where \
        the monitor has a token: without one, every user of this host can read this page.</p></section>
        """
    }
    guard !people.blocks.isEmpty else {
      return "<section><h2>Blocked addresses</h2><p>None.</p></section>"
    }
    let rows = people.blocks.map { block -> HTML in
      """
      <tr><th scope="row"><code>\(block.address)</code></th><td class="time">\(Self.time(block.until))</td>\
      <td class="n">\(block.failures)</td></tr>
      """
    }
    return """
      <section><h2>Blocked addresses</h2>\(Self.scroll("Blocked addresses"))<table>\
      <caption>\(people.blocks.count) of \(snapshot.blocked); <code>ocean unblock</code> lifts a block</caption><thead><tr>\
      <th scope="col">Address</th><th scope="col">Until</th><th scope="col" class="n">Failures</th></tr></thead>\
      <tbody>\(rows)</tbody></table></div></section>
      """
  }

  private var sessions: HTML {
    guard let people = snapshot.people else { return .empty }
    let count = snapshot.services.reduce(0) { $0 + $1.sessionCount }
    guard !people.sessions.isEmpty else { return "<section><h2>Sessions</h2><p>None.</p></section>" }
    let rows = people.sessions.map { session -> HTML in
      let user: HTML = session.user.map { "\($0)" } ?? "<span class=\"soft\">not logged in</span>"
      return """
        <tr><th scope="row" class="name">\(user)</th><td><code>\(session.peer)</code></td>\
        <td class="wide">\(session.service)</td><td class="wide">\(session.state)</td>\
        <td class="wide time">\(session.tls ?? "none")</td><td class="n time">\(Self.span(Int64(session.seconds)))</td>\
        <td class="wide n time">\(Self.size(session.bytes))</td></tr>
        """
    }
    return """
      <section><h2>Sessions</h2>\(Self.scroll("Sessions"))<table><caption>\(people.sessions.count) of \(count), the longest first\
      </caption><thead><tr><th scope="col">User</th><th scope="col">Address</th>\
      <th scope="col" class="wide">Service</th><th scope="col" class="wide">State</th><th scope="col" class="wide">TLS</th>\
      <th scope="col" class="n">Connected</th>\
      <th scope="col" class="wide n">Retrieved</th></tr></thead><tbody>\(rows)</tbody></table></div></section>
      """
  }

  private var history: HTML {
    guard !snapshot.history.isEmpty else { return .empty }
    let rows = snapshot.history.map { decision -> HTML in
      let taken: HTML = decision.isTakenBack ? " <span class=\"badge warn\">reverted</span>" : ""
      return """
        <tr><th scope="row"><code>\(decision.digest)</code>\(taken)</th><td class="time">\(Self.time(decision.time))</td>\
        <td>\(decision.author ?? "")</td><td>\(decision.comment ?? "")</td><td><code>\(decision.source)</code></td></tr>
        """
    }
    return """
      <section><h2>History</h2>\(Self.scroll("History"))<table><caption>Plans that were confirmed, the newest first; \
      <code>ocean history</code> has all</caption><thead><tr><th scope="col">Plan</th><th scope="col">Confirmed</th>\
      <th scope="col">By</th><th scope="col">Comment</th><th scope="col">Made from</th></tr></thead><tbody>\(rows)</tbody></table>\
      </div></section>
      """
  }

  // MARK: - Words

  /// The start of what may be wider than the screen: it can be scrolled with the keyboard, too.
  private static func scroll(_ name: String) -> HTML {
    "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"\(name)\">"
  }

  static func time(_ seconds: Int64) -> String { time(Timestamp.text(seconds)) }

  /// `2026-11-25 15:02` of RFC 3339.
  private static func time(_ text: String) -> String {
    String(text.prefix(16).map { $0 == "T" ? " " : $0 })
  }

  static func days(_ seconds: Int64) -> Int {
    Int(seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400)
  }

  static func span(_ seconds: Int64) -> String {
    switch max(0, seconds) {
    case let seconds where seconds < 60: "\(seconds) s"
    case let seconds where seconds < 3600: "\(seconds / 60) min"
    case let seconds where seconds < 86_400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    case let seconds: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
    }
  }

  private static func short(_ count: Int) -> String {
    count < 10_000 ? "\(count)" : count < 1_000_000 ? "\(count / 1000)k" : "\(count / 1_000_000)M"
  }

  private static func size(_ bytes: UInt64) -> String {
    bytes < 1024 ? "\(bytes) B" : bytes < 1 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB"
  }
}
