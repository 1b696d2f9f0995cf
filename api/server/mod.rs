//! The server: all themes put together, started, served and stopped.

pub mod app;
mod carried;
pub mod demo;
pub mod distribution;
pub mod migrations;
pub mod pages;
mod reference;
pub mod routes;
pub mod serve;
pub mod start;
