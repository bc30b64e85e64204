import Glibc
package import OceanControlAPI
package import OceanHost
import OceanPlan
package import OceanReport
package import OceanSyntax

/// A plan that is about to be applied to a running server, and what that changes.
package struct PlannedApply {
  /// How it is to be applied.
  package struct Wishes {
    package var sessions = SessionTreatment.keep
    /// Seconds after which it is reverted, unless it is confirmed; nil confirms it at once.
    package var confirmSeconds: Int?
    package var comment: ChangeComment?
    /// Whether all listeners are asked afterwards, and with which account.
    package var probes = false
    package var login: Probe.Login?

    package init() {}
  }

  /// What a person is to see before it is applied.
  package let preview: PreviewText
  /// Why a person must have seen that; nil if a script may apply it.
  package let warning: String?
  private let loaded: LoadedPlan
  private let wishes: Wishes
  private let client: ControlClient
  private let running: Digest
  private let diff: PlanDiff

  /// How long a plan that is only probed waits to be confirmed: if this process dies, the plan is reverted.
  private static let probeSeconds = 120

  /// Compares the plan with what the server runs.
  ///
  /// - Parameters:
  ///   - screen: where the preview is shown.
  ///   - errors: where it is shown that this takes long.
  package init(
    _ loaded: LoadedPlan, _ client: ControlClient, _ wishes: Wishes, on screen: Screen, errors: Screen
  ) throws(Failure) {
    if wishes.probes, let obstacle = Probe(loaded.plan, login: wishes.login).obstacle {
      throw Failure("\(obstacle); nothing was applied")
    }
    (self.loaded, self.client, self.wishes) = (loaded, client, wishes)
    let live = try LiveComparison(client)
    running = live.running.digest
    diff = Progress.showing("comparing plans", on: errors) { _ in
      PlanDiff.onThisHost(from: PlanVersion(live.running), to: loaded.version)
    }
    warning = loaded.wasComparedWithNothing
    let heading =
      LiveText(comparison: live, on: screen).heading
      + (warning.map { screen.field("warning", $0, style: .warning) } ?? [])
    preview = PreviewText(
      diff, heading: heading, live: live, sessions: wishes.sessions,
      expectations: loaded.config?.heldExpectations, on: screen)
  }

  /// Applies it, probes it if that is wished, and confirms it unless it is to wait.
  package func run() throws(Failure) -> AppliedPlan {
    // A plan that runs already has no effect, whatever it was compared with.
    let base = diff.isEmpty ? nil : loaded.file.madeAgainst
    let request = ApplyRequest(
      expecting: base ?? running, sessions: wishes.sessions,
      confirmSeconds: wishes.confirmSeconds ?? (wishes.probes ? Self.probeSeconds : nil),
      source: Files.absolute(loaded.path), comment: wishes.comment)
    var report = try client.apply(loaded.file, request)
    let probed = wishes.probes ? try probe(report) : nil
    if wishes.confirmSeconds == nil, report.revertsAt != nil {
      _ = try client.confirm(ConfirmRequest(plan: "\(report.to)"))
      report.revertsAt = nil
    }
    return AppliedPlan(
      report: report, probed: probed, diff: diff, source: request.source,
      expectations: loaded.config?.heldExpectations)
  }

  /// - Returns: a line for each listener.
  /// - Throws: after going back, if a service does not answer.
  private func probe(_ report: ApplyReport) throws(Failure) -> [String] {
    do throws(Failure) {
      return try Probe(try client.plan().plan, login: wishes.login).run()
    } catch {
      guard let revertsAt = report.revertsAt else {
        throw Failure("\(error.message); nothing was changed, \(report.to.short) was running before")
      }
      let back: ApplyReport
      do throws(Failure) {
        back = try client.rollback(RollbackRequest(comment: try? ChangeComment("the probe failed")))
      } catch let other {
        throw Failure(
          "\(error.message); rolling back failed too (\(other.message)): the plan reverts by itself at \(revertsAt)"
        )
      }
      throw Failure("\(error.message); went back to \(back.to.short)")
    }
  }
}

extension LoadedPlan {
  /// Warns about a saved plan that is never stale: nobody saw what it changes in the running server. Nil for others.
  package var wasComparedWithNothing: String? {
    guard config == nil, file.madeAgainst == nil else { return nil }
    return
      "\(path) was compared with nothing when it was made, so nobody has reviewed these changes"
      .escapedForDisplay
  }
}
