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
}

/// A login: the account is looked up, the password verified, the mailbox locked and read.
struct Login: Sendable {
  let credentials: Credentials
  let peer: IPAddress
  let settings: ServiceSettings
  let environment: Environment

  /// What the first visit to the file pool came to.
  private enum Step: Sendable {
    case done(LoginOutcome)
    /// The hash is one of those that take long.
    case expensive(Candidate)
  }

  func run(on loop: any EventLoop) -> EventLoopFuture<LoginOutcome> {
    environment.files.runIfActive(eventLoop: loop) { () -> Step in
      let candidate = settings.accounts.lookup(credentials.user.utf8, peer: peer)
      return candidate.isExpensive ? .expensive(candidate) : .done(finish(candidate))
    }
    .flatMap { step in
      switch step {
      case .done(let outcome):
        return loop.makeSucceededFuture(outcome)
      case .expensive(let candidate):
        return environment.hashing.runIfActive(eventLoop: loop) { verify(candidate) }
          .flatMap { verdict in
            environment.files.runIfActive(eventLoop: loop) { finish(verdict) }
          }
      }
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
      return .opened(try environment.store.open(maildir, uidls: settings.uidls), identity)
    } catch let error as StoreError {
      return .failed(error.loginFailure, name: identity.name)
    } catch {
      return .failed(.permanent, name: identity.name)
    }
  }
}
