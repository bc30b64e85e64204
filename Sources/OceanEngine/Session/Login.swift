import CLinux
import NIOCore
import NIOPosix
import OceanAccess
import OceanPlan
import OceanPOP3
import OceanStore

/// How a login ended.
enum LoginOutcome: Sendable {
  case opened(Mailbox, Identity)
  case failed(LoginFailure, name: String)
  /// Nobody waited for it any more: nothing was found out, or kept.
  case abandoned
}

/// A login: the account is looked up, the password verified, the mailbox locked and read.
struct Login: Sendable {
  let credentials: Credentials
  let peer: IPAddress
  let settings: ServiceSettings
  let environment: Environment
  let cancellation: Cancellation

  /// Runs in the pools; hashes that take long by design are computed apart from everything that waits for files, and in
  /// turn for all addresses.
  ///
  /// - Parameter done: called once, on one of their threads, or in the caller's if the server ends.
  func run(_ done: @escaping @Sendable (LoginOutcome) -> Void) {
    environment.files.submit(
      step(done) {
        let candidate = settings.accounts.lookup(credentials.user, peer: peer)
        guard candidate.isExpensive else { return done(finish(candidate)) }
        environment.hashing.submit(
          for: peer,
          step(done) {
            let verdict = verify(candidate)
            // Of a client that has left meanwhile as well: what it guessed counts.
            guard case .success(_?) = verdict else { return done(finish(verdict)) }
            environment.files.submit(step(done) { done(finish(verdict)) })
          })
      })
  }

  /// A part of it that a pool does, unless nobody waits for it any more.
  private func step(
    _ done: @escaping @Sendable (LoginOutcome) -> Void, _ work: @escaping @Sendable () -> Void
  ) -> @Sendable (NIOThreadPool.WorkItemState) -> Void {
    { state in
      guard case .active = state else { return done(.failed(.temporary, name: credentials.user)) }
      // The event loop that sent it here may be on the same core, with other sessions to look after first.
      linux_wake_without_preempting()
      if cancellation.isCancelled { done(.abandoned) } else { work() }
    }
  }

  private typealias Verdict = Result<Identity?, VerificationError>

  private func verify(_ candidate: Candidate) -> Verdict {
    let password = credentials.password.withUnsafeBytes { SecretBytes(copying: $0) }
    return Verdict { () throws(VerificationError) in try candidate.verify(password) }
  }

  private func finish(_ candidate: Candidate) -> LoginOutcome { finish(verify(candidate)) }

  private func finish(_ verdict: Verdict) -> LoginOutcome {
    switch verdict {
    case .failure: .failed(.temporary, name: credentials.user)
    case .success(nil): .failed(.credentials, name: credentials.user)
    case .success(let identity?): open(identity)
    }
  }

  private func open(_ identity: Identity) -> LoginOutcome {
    do {
      let maildir = try settings.maildir.maildir(of: identity)
      let mailbox = try environment.store.open(maildir, uidls: settings.uidls, cancellation: cancellation)
      return .opened(mailbox, identity)
    } catch StoreError.cancelled {
      return .abandoned
    } catch let error as StoreError {
      if error != .inUse { environment.noteUnopened(identity.name, error) }
      return .failed(error.loginFailure, name: identity.name)
    } catch {
      return .failed(.permanent, name: identity.name)
    }
  }
}
