/// What somebody should do something about, the most urgent first.
struct PageNotes {
  struct Note {
    let isUrgent: Bool
    let text: String
  }

  private(set) var notes: [Note] = []

  init(_ snapshot: MonitorSnapshot) {
    if let waiting = snapshot.plan.waiting {
      add(
        isUrgent: true,
        "Plan \(snapshot.plan.digest) is not confirmed: it reverts to \(waiting.previous) in "
          + "\(Page.span(waiting.revertsAt - snapshot.now)). To keep it: ocean confirm \(snapshot.plan.digest)"
      )
    }
    if let problem = snapshot.config?.problem {
      add(isUrgent: true, "A restart would not run \(snapshot.plan.file): \(problem). ocean check says more.")
    } else if snapshot.config?.isOther == true {
      add(
        isUrgent: false,
        "\(snapshot.plan.file) is not what runs: a restart or a reload would change something. ocean plan says what."
      )
    }
    if snapshot.config?.lastReloadSucceeded == false {
      add(isUrgent: false, "The last reload failed, and the plan before goes on. The server's log says why.")
    }
    for silence in snapshot.silences { add(isUrgent: true, silence) }
    for backend in snapshot.backends {
      guard let trouble = backend.trouble else { continue }
      add(
        isUrgent: true,
        "The account source \(backend.name) is away: \(trouble). Its users cannot log in for now.")
    }
    if let trouble = snapshot.sharedState?.trouble {
      add(
        isUrgent: false,
        "The shared state is away: \(trouble). Failures and blocks are counted alone for now.")
    }
    for certificate in snapshot.certificates {
      let days = Page.days(certificate.notAfter - snapshot.now)
      if days < 0 {
        add(isUrgent: true, "The certificate \(certificate.name) has expired: clients refuse it.")
      } else if days < 30 {
        add(
          isUrgent: days < 7,
          "The certificate \(certificate.name) expires in \(days) \(days == 1 ? "day" : "days").")
      }
      if let refused = certificate.refused {
        add(isUrgent: false, "A new certificate for \(certificate.name) is not presented: \(refused).")
      }
    }
    for service in snapshot.services where service.sessionCount * 10 >= service.maxSessions * 9 {
      add(
        isUrgent: service.sessionCount >= service.maxSessions,
        "\(service.name) has \(service.sessionCount) of \(service.maxSessions) sessions: more are refused at the limit."
      )
    }
    if snapshot.droppedLogLines > 0 {
      add(isUrgent: false, "\(snapshot.droppedLogLines) lines of the access log could not be written.")
    }
    if snapshot.isDraining {
      add(isUrgent: false, "The server was asked to stop, and waits for its sessions.")
    }
    notes.sort { $0.isUrgent && !$1.isUrgent }
  }

  private mutating func add(isUrgent: Bool, _ text: String) {
    notes.append(Note(isUrgent: isUrgent, text: text))
  }
}
