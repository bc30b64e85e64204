import NIOCore
import NIOPosix
import OceanAccess
import OceanAddresses
import OceanBase
import OceanPlan
import OceanPOP3
import OceanStore

/// How a login ended.
enum LoginOutcome: Sendable {
  /// - Parameter app: the label of the app password; nil for the account's own password.
  case opened(Mailbox, Identity, app: String?)
  /// - Parameters:
  ///   - name: the name that the client gave, or that of its account.
  ///   - account: the account's name; nil if no account has the name, or that is not known.
  ///   - barred: why the right password may not be used, which the client is not told.
  ///   - isCounted: whether a wrong password counts against the client's address.
  case failed(
    LoginFailure, name: String, account: String? = nil, barred: BarredLogin? = nil, isCounted: Bool = true)
  /// Nobody waited for it any more: nothing was found out, or kept.
  case abandoned
}

/// A login with the right password of an account, which may not be used there or then.
struct BarredLogin: Sendable {
  let obstacle: LoginConditions.Obstacle
  /// The label of the app password; nil for the account's own password.
  let app: String?
}

/// A login: the account is looked up, the password verified, the mailbox locked and read.
struct Login: Sendable {
  let credentials: Credentials
  let peer: IPAddress
  let settings: ServiceSettings
  let environment: Environment
  let cancellation: Cancellation
  /// Called at most once, before the end: the accounts or the mailbox are on a file system that does not
  /// answer.
  let whenUnanswered: @Sendable () -> Void
  /// Called at most once: the password was right, and the mailbox is about to be opened.
  let whenVerified: @Sendable () -> Void
  /// Called once, on a thread of a pool, or on the caller's if the server ends.
  let done: @Sendable (LoginOutcome) -> Void

  /// Runs in the pools. Hashes, which take long by design, are computed apart from everything that waits for
  /// files, and all addresses take turns. Sources outside of this process are asked in threads of their own.
  func run() {
    let search = settings.accounts.search(
      credentials.user, password: credentials.password, service: settings.plan.name, peer: peer)
    if let next = proceed(search, after: nil) { environment.files.submit(next) }
  }

  /// Takes the next step of the search for the account.
  ///
  /// - Parameter refusal: what is to be answered if every source can tell, which is all that is left to know.
  /// - Returns: the part that is left to be done.
  private func proceed(_ search: AccountSearch, after refusal: Refusal?) -> FilePart? {
    if cancellation.isCancelled, refusal == nil {
      done(.abandoned)
      return nil
    }
    switch search.step {
    case .ask(let source):
      if let remote = source.remote {
        remote.ask(search.question) { answer in
          if let next = answered(answer, search, after: refusal) { environment.files.submit(next) }
        }
        return nil
      }
      return part(at: .own(source.name), turn: peer.hashValue) {
        let answer = source.lookup(search.question)
        if case .file(let problem)? = source.lastHealth.problem {
          environment.troubles.report(
            "cannot read an account file", of: source.name,
            reason: "cannot read \(source.name): \(problem.reason)")
        }
        return answered(answer, search, after: refusal)
      }
    case .check(let candidate):
      guard let refusal else { return check(candidate, search) }
      report(search)
      return finish(
        search.isComplete ? .success(refusal.verdict) : .failure(.accountsUnavailable), refusal.candidate)
    }
  }

  private func answered(_ answer: SourceAnswer, _ search: AccountSearch, after refusal: Refusal?) -> FilePart?
  {
    var search = search
    search.answered(answer)
    return proceed(search, after: refusal)
  }

  private func check(_ candidate: Candidate, _ search: AccountSearch) -> FilePart? {
    guard candidate.isExpensive else { return judge(verify(candidate), candidate, search) }
    let guess = environment.admission.failedGuesses.guess(
      of: candidate, user: credentials.user, credentials.password, from: peer)
    // Answered as late as any other wrong password.
    if let guess, environment.admission.failedGuesses.contains(guess) {
      return judge(.success(.wrong), candidate, search)
    }
    environment.hashing.submit(for: peer) { state in
      guard case .active = state else { return done(.failed(.temporary, name: credentials.user)) }
      if cancellation.isCancelled { return done(.abandoned) }
      // The same guess may have waited its turn before this one.
      let isKnown = guess.map(environment.admission.failedGuesses.contains) ?? false
      // Also verified if the client leaves meanwhile: its guess counts.
      let verdict = isKnown ? .success(.wrong) : verify(candidate)
      if case .success(.wrong) = verdict, let guess { environment.admission.failedGuesses.insert(guess) }
      if let next = judge(verdict, candidate, search) { environment.files.submit(next) }
    }
    return nil
  }

  /// A login that is to be refused with a reason that is not temporary.
  private struct Refusal {
    let candidate: Candidate
    /// Wrong or barred.
    let verdict: Candidate.Verdict
  }

  /// Finishes the login, unless it is refused: then the sources that were not asked may be away.
  private func judge(_ verdict: Verdict, _ candidate: Candidate, _ search: AccountSearch) -> FilePart? {
    if case .success(let found) = verdict { search.ended(found) }
    switch verdict {
    case .success(let refused) where refused.identity == nil:
      var search = search
      search.beThorough()
      return proceed(search, after: Refusal(candidate: candidate, verdict: refused))
    case .success, .failure:
      report(search)
      return finish(verdict, candidate)
    }
  }

  /// Logs why sources could not tell. That a source is away is logged once, where that is noticed.
  private func report(_ search: AccountSearch) {
    for (source, reason) in search.troubles {
      environment.troubles.report(
        "a login found no answer in an account source", of: source, reason: "\(source): \(reason)",
        ["user": "\(credentials.user)"])
    }
  }

  /// Makes a part of the login that is about files; it is left out if nobody waits for it any more.
  private func part(
    at place: FilePart.Place, turn: Int, _ work: @escaping @Sendable () -> FilePart?
  ) -> FilePart {
    FilePart(place: place, turn: turn, cancellation: cancellation, whenUnanswered: whenUnanswered) {
      verdict in
      switch verdict {
      case .go: return work()
      case .cancelled:
        done(cancellation.isCancelled ? .abandoned : .failed(.temporary, name: credentials.user))
      case .unanswered: done(.failed(.temporary, name: credentials.user))
      }
      return nil
    }
  }

  private typealias Verdict = Result<Candidate.Verdict, VerificationError>

  private func verify(_ candidate: Candidate) -> Verdict {
    Verdict { () throws(VerificationError) in try candidate.verify(credentials.password) }
  }

  /// - Returns: the part that is left to be done.
  private func finish(_ verdict: Verdict, _ candidate: Candidate) -> FilePart? {
    switch verdict {
    case .failure(let error):
      switch error {
      // Reported when the file was looked at.
      case .accountsUnavailable: break
      case .hashingFailed:
        environment.troubles.report(
          "cannot verify a password", of: "passwords",
          reason: "the system's libcrypt or libcrypto fails, or has no memory")
      }
      done(.failed(.temporary, name: credentials.user))
    case .success(.barred(let obstacle, let app)):
      done(
        .failed(
          .credentials, name: credentials.user, account: candidate.account,
          barred: BarredLogin(obstacle: obstacle, app: app)))
    case .success(.wrong):
      if candidate.isUnusable {
        environment.troubles.report(
          "a login failed because of a mistake in its account", of: credentials.user,
          reason: candidate.reason ?? "no password would work; 'ocean check' says why",
          ["user": "\(credentials.user)"])
      }
      done(
        .failed(
          .credentials, name: credentials.user, account: candidate.account,
          isCounted: candidate.isFailureCounted))
    case .success(.accepted(let identity, let app)):
      let maildir: String
      do throws(MailTemplate.ExpansionError) {
        maildir = try settings.maildir.maildir(of: identity)
      } catch {
        noteUnopened(identity.name, "\(error)")
        done(.failed(.permanent, name: identity.name, account: identity.name))
        return nil
      }
      whenVerified()
      return part(at: .path(maildir), turn: maildir.hashValue) {
        done(open(maildir, of: identity, app: app))
        return nil
      }
    }
    return nil
  }

  private func open(_ maildir: String, of identity: Identity, app: String?) -> LoginOutcome {
    do throws(StoreError) {
      let mailbox = try environment.store.open(
        maildir, uidls: settings.uidls, locks: settings.locks, cancellation: cancellation)
      return .opened(mailbox, identity, app: app)
    } catch .cancelled {
      return .abandoned
    } catch .inUse where environment.files.isSilent(maildir) {
      // The mailbox is in use by a login that hangs, not by a session.
      return .failed(.temporary, name: identity.name, account: identity.name)
    } catch {
      if error != .inUse { noteUnopened(identity.name, "\(error)") }
      return .failed(error.loginFailure, name: identity.name, account: identity.name)
    }
  }

  /// Logs that a mailbox could not be opened, which its owner cannot mend.
  private func noteUnopened(_ name: String, _ reason: String) {
    environment.troubles.report("cannot open a mailbox", of: name, reason: reason, ["user": "\(name)"])
  }
}
