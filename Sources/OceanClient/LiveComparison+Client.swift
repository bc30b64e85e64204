package import OceanHost
import OceanPlan
package import OceanReport

extension LiveComparison {
  /// Asks a server for everything a comparison needs.
  ///
  /// - Throws: why the server does not answer.
  package init(_ client: ControlClient) throws(Failure) {
    let running = try client.plan()
    let status = try client.status()
    let sessions = try client.sessions().sessions
    self.init(
      running: running, status: status, sessions: sessions,
      confirmed: try client.history().plans.first { $0.digest == running.digest }?.confirmed)
  }
}
