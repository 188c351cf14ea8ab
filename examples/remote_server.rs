//! Lends this machine's device to trainings elsewhere: they name it with `--backend remote:ws://HOST:PORT`.
//!
//! The connection is neither encrypted nor authenticated, so it listens to this machine alone unless told otherwise:
//! use `--host` on a trusted network only.
use burn::server::{RemoteServer, WebSocketTransport};
use dropwise::{Backend, Error};

#[derive(clap::Parser)]
struct Args {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: std::net::IpAddr,
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// What computes: flex, wgpu, cuda, ... [default: the fastest compiled in]
    #[arg(long)]
    backend: Option<Backend>,
}

fn main() -> dropwise::Result<()> {
    let args = <Args as clap::Parser>::parse();
    let backend = args.backend.unwrap_or_default();
    let device = backend.device()?;
    let failed =
        |what: &str, cause: &dyn std::fmt::Display| Error::Compute(format!("{what}: {cause}"));
    let listener = std::net::TcpListener::bind((args.host, args.port)).map_err(|cause| {
        failed(
            &format!("cannot listen on {}:{}", args.host, args.port),
            &cause,
        )
    })?;
    let address = listener
        .local_addr()
        .map_err(|cause| failed("no address", &cause))?;
    println!("{backend} is served at ws://{address} until Ctrl-C");
    RemoteServer::new([device])
        .serve(WebSocketTransport::from_listener(listener))
        .map_err(|cause| failed("the server ended", &cause))
}
