//! The server of the metrics: one path, one worker, its own address.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, HttpResponse, HttpServer, web};

use crate::platform::core::Core;

/// The media type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A server of `/metrics`; it runs when awaited.
pub fn serve(core: &Arc<Core>, listener: TcpListener) -> io::Result<Server> {
    let core = web::Data::from(Arc::clone(core));
    let application = move || App::new().app_data(core.clone()).service(web::resource("/metrics").get(show));
    let server = HttpServer::new(application)
        .workers(1)
        .max_connections(64)
        .client_request_timeout(Duration::from_secs(5))
        .disable_signals();
    Ok(server.listen(listener)?.run())
}

async fn show(core: web::Data<Core>) -> HttpResponse {
    match core.metrics.text(&core) {
        Ok(text) => HttpResponse::Ok().insert_header((CONTENT_TYPE, OPEN_METRICS)).body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics can't be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
