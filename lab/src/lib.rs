//! What is done with networks that `dropwise` trains: many at once ([`study`]), the best of them ([`mod@tune`]),
//! published experiments again ([`reproduce`]), what each has become ([`explain`]), and the pages and folders that
//! keep it ([`report`], [`store`]).
//!
//! Data flows one way: [`statistics`] → [`uncertainty`], [`mod@baseline`] → [`explain`] → [`study`] → [`mod@tune`] → [`reproduce`] → [`report`],
//! [`store`] → [`export`].
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `report` (default) | figures as SVG and PNG, reports of runs |
//! | `flex`, `ndarray` (default), `wgpu`, `cuda`, `remote` | the backends of `dropwise` |

#[doc(hidden)]
pub mod baseline;
mod checksum;
pub mod explain;
#[cfg(not(target_family = "wasm"))]
pub mod export;
pub mod report;
pub mod reproduce;
pub mod statistics;
#[cfg(not(target_family = "wasm"))]
pub mod store;
pub mod study;
pub mod tune;
pub mod uncertainty;
